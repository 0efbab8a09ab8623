"""Layers that PyTorch does not have: one, one file."""
