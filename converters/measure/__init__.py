"""Compiled models on emulated boards: built, run, counted, and compared with TFLM."""
