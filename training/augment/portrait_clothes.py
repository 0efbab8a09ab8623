"""People in other clothes: what a few hundred people wear is soon learnt by heart, and then taken for people."""

from __future__ import annotations

import numpy as np

NECK = (0.15, 0.6)
"""Of the cut-out's height: where its clothes begin nobody says, so that the line is drawn anew each time."""
PLAIN = 0.6
"""How often all of it has one colour."""
STRENGTH = (0.5, 1.0)
FOLDS = (0.3, 1.8)
"""Least and most brightness of the old clothes' folds that the new ones keep."""


def dressed(rng: np.random.Generator, rgb: np.ndarray, alpha: np.ndarray, fabric: np.ndarray) -> np.ndarray:
    """float32 [H, W, 3]: below a slanting soft line in the colours of `fabric` uint8 [H, W, 3], the folds kept.

    `alpha` float32 [H, W] says where the person is.
    """
    height, width = alpha.shape
    neck = height * (rng.uniform(*NECK) + rng.normal(0, 0.15) * np.linspace(-0.5, 0.5, width))
    below = (np.arange(height)[:, None] - neck) / (0.02 * height + 0.5)
    mix = rng.uniform(*STRENGTH) / (1 + np.exp(-np.clip(below, -20, 20)))
    cloth = fabric.astype(np.float32)
    if rng.random() < PLAIN:
        cloth = cloth[rng.integers(height), rng.integers(width)]
    worn = (alpha > 0.5) & (below > 0)
    grey = rgb.mean(2)
    folds = np.clip(grey / max(8.0, float(grey[worn].mean()) if worn.any() else 128.0), *FOLDS)
    new = np.clip(cloth * folds[..., None], 0, 255)
    result: np.ndarray = (rgb + (new - rgb) * mix[..., None]).astype(np.float32)
    return result
