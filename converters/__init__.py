"""Trained networks to int8 TFLite, streaming step graphs and model bundles."""
