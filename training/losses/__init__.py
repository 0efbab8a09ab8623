"""Losses: one, one file."""
