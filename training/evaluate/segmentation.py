"""Intersection over union of masks: whole, and in the band around the outline; with an interval by picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import ndimage

from training.evaluate.interval import BOOTSTRAPS, CONFIDENCE

BAND, BAND_SIZE = 15, 224
"""Pixels of the box that makes the band, at this height."""


def band_at(size: int) -> int:
    """The odd box that is to `size` pixels what 15 is to 224: 7 at 96."""
    return 2 * max(1, round((BAND * size / BAND_SIZE - 1) / 2)) + 1


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Of bool masks of one shape; 1 where neither has anybody."""
    union = int((found | truth).sum())
    return float((found & truth).sum()) / union if union else 1.0


def band(truth: np.ndarray, width: int) -> np.ndarray:
    """bool [H, W]: the mask widened by a box of `width` pixels, without the mask thinned by it."""
    box = np.ones((width, width), bool)
    return ndimage.binary_dilation(truth, box) & ~ndimage.binary_erosion(truth, box, border_value=1)


def band_iou(found: np.ndarray, truth: np.ndarray) -> float | None:
    """Within the band of the truth only; None for a picture without an outline."""
    inside = band(truth, band_at(truth.shape[0]))
    return iou(found & inside, truth & inside) if inside.any() else None


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap of the mean over pictures: pixels of one picture are right or wrong together."""
    each = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(0, len(each), (BOOTSTRAPS, len(each)))
    low, high = np.quantile(each[drawn].mean(1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def segmentation(found: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> dict[str, Any]:
    """Means over pictures, each mask bool [H, W]: IoU of the person, that in the band, their intervals."""
    whole = [iou(f, t) for f, t in zip(found, truth, strict=True)]
    edges = [v for f, t in zip(found, truth, strict=True) if (v := band_iou(f, t)) is not None]
    result: dict[str, Any] = {"iou": round(float(np.mean(whole)), 5), "boundary_iou": None, "boundary_interval": None}
    result["interval"] = [round(v, 5) for v in interval(whole)]
    if edges:
        result["boundary_iou"] = round(float(np.mean(edges)), 5)
        result["boundary_interval"] = [round(v, 5) for v in interval(edges)]
    return result | {"pictures": len(whole)}
