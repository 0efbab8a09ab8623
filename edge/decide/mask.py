"""Masks of one camera, smoothed over time where nothing moves and followed at once where something does."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]
"""float32 [H, W], 0 to 1."""

SETTLE_S = 0.35
"""Time constant where nothing moves."""
NOISE, MOTION = 0.06, 0.25
"""Mean change around a pixel that is still flicker, and that is surely motion."""
REACH = 0.015
"""Half the side of "around a pixel", in widths of the mask."""


class MaskSmoother:
    """One exponential average a pixel, whose weight is the new mask's where its surroundings changed together.

    Flicker changes neighbours in different directions and cancels in their mean; what moves changes them all alike.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The next mask is the first one."""
        self._mask: Mask | None = None
        self._time_s = 0.0

    def update(self, mask: Mask, time_s: float) -> Mask:
        """The smoothed mask, an array of its own."""
        if self._mask is None:
            self._mask, self._time_s = mask.copy(), time_s
            return mask.copy()
        calm = 1 - math.exp(-max(0.0, time_s - self._time_s) / SETTLE_S)
        change = mask - self._mask
        moved = np.abs(box_mean(change, max(1, round(REACH * mask.shape[1]))))
        weight = calm + (1 - calm) * np.clip((moved - NOISE) / (MOTION - NOISE), 0, 1)
        self._mask = self._mask + weight.astype(np.float32) * change
        self._time_s = time_s
        return self._mask.copy()


def box_mean(values: Mask, reach: int) -> Mask:
    """Mean of the ``2 * reach + 1`` pixels square around each; beyond the border the border's go on."""
    width = 2 * reach + 1
    for axis in (0, 1):
        padded = np.pad(values, [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        sums = np.cumsum(padded, axis, dtype=np.float32)
        upper, lower = np.split(sums, [width], axis)[1], np.split(sums, [values.shape[axis]], axis)[0]
        values = (upper - lower) / np.float32(width)
    return values
