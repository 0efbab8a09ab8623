"""Augmentations: one, one file. Those of sound work on float32 [n] at 16 kHz and take a numpy Generator."""
