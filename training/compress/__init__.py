"""Smaller networks: pruning, and what is left to ship."""
