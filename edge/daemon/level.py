"""How loud a block is, and what a level tells of the microphone: clipping, and silence that no room has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from edge.source.source import RATE_HZ, Samples

FLOOR_DBFS = -120.0
"""Of silence."""
CLIPPED = 32_767
"""Samples of this size and more are cut off."""
CLIPPING_SHARE = 0.005
"""Of the last second: more than that is heard as distortion."""
CLIPPING_HOLD_S = 10.0
"""After the last clipped second the state lasts so long, so that loud speech is one change of state, not many."""
DEAD_S = 5.0
"""So long without any change of the samples: no microphone is so quiet, not even in an empty room."""


class Level:
    """Of one stream."""

    def __init__(self) -> None:
        self.rms_dbfs = self.peak_dbfs = FLOOR_DBFS
        """Of the last block."""
        self.dead_s = 0.0
        """Since the samples last differed from one another."""
        self._second = self._clipped_in_second = 0
        self._hold = 0.0

    def measure(self, samples: Samples) -> int:
        """int16 [n] -> how many of them are clipped."""
        if not len(samples):
            return 0
        low, high = int(samples.min()), int(samples.max())
        peak = max(-low, high)
        self.peak_dbfs = dbfs(peak)
        scaled = samples.astype(np.float32)
        self.rms_dbfs = dbfs(math.sqrt(float(scaled @ scaled) / len(samples)))
        self.dead_s = self.dead_s + len(samples) / RATE_HZ if low == high else 0.0
        clipped = count_clipped(samples) if peak >= CLIPPED else 0
        self._follow_clipping(len(samples), clipped)
        return clipped

    def _follow_clipping(self, count: int, clipped: int) -> None:
        self._second += count
        self._clipped_in_second += clipped
        self._hold = max(0.0, self._hold - count / RATE_HZ)
        if self._second >= RATE_HZ:
            if self._clipped_in_second > CLIPPING_SHARE * self._second:
                self._hold = CLIPPING_HOLD_S
            self._second = self._clipped_in_second = 0

    @property
    def clipping(self) -> bool:
        return self._hold > 0.0

    @property
    def dead(self) -> bool:
        return self.dead_s >= DEAD_S


class Metered:
    """Blocks as they pass: how many samples of them, the largest, and how many are cut off."""

    def __init__(self, blocks: Iterable[Samples]) -> None:
        self._blocks = blocks
        self.samples = self.peak = self._clipped = 0

    @property
    def clipped_share(self) -> float:
        return self._clipped / self.samples if self.samples else 0.0

    def __iter__(self) -> Iterator[Samples]:
        for block in self._blocks:
            self.samples += len(block)
            if len(block):
                peak = max(int(block.max()), -int(block.min()))
                self.peak = max(self.peak, peak)
                if peak >= CLIPPED:
                    self._clipped += count_clipped(block)
            yield block


def count_clipped(samples: Samples) -> int:
    """Samples at full scale, either end."""
    return int(np.count_nonzero((samples >= CLIPPED) | (samples <= -CLIPPED)))


def dbfs(amplitude: float) -> float:
    """Amplitude, full scale 32768 -> dB, not below FLOOR_DBFS."""
    return FLOOR_DBFS if amplitude < 0.04 else max(FLOOR_DBFS, round(20 * math.log10(amplitude / 32_768), 2))
