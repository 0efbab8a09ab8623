"""One labelled piece of a recording, and where the word in it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Clip:
    """A stretch of an audio file with its label."""

    path: Path
    label: str
    speaker: str
    """Speaker or source; a split never puts one on both sides."""
    word: str = ""
    """What was said, finer than the label where that is known."""
    start_s: float = 0.0
    duration_s: float | None = None
    """None: to the end of the file."""
    align: str = "whole"
    """Where a window may lie: over the `whole` clip, at the end of its `word`, or `anywhere` in it."""
    weight: float = 1.0


def word_span(samples: np.ndarray, rate_hz: int = 16_000) -> tuple[float, float]:
    """(onset_s, offset_s) of the loudest stretch of int16 [n] samples, by energy.

    A 20 ms energy track is compared with a threshold between its noise floor and its peak; of the stretches
    above it, with gaps of up to 150 ms closed, the one with the most energy is the word.
    """
    hop = rate_hz // 100
    n = len(samples) // hop
    if n < 3:
        return 0.0, len(samples) / rate_hz
    power = (samples[: n * hop].astype(np.float64).reshape(n, hop) ** 2).mean(axis=1) + 1.0
    db = 10 * np.log10(np.convolve(power, np.ones(2) / 2, mode="same"))
    floor, peak = np.percentile(db, 15), db.max()
    loud = db > max(floor + 0.35 * (peak - floor), peak - 28)
    spans = _runs(loud, gap=15)
    first, last = max(spans, key=lambda s: power[s[0] : s[1]].sum())
    return first * hop / rate_hz, last * hop / rate_hz


def _runs(mask: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """[start, end) of the runs of True, those closer than `gap` joined."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if runs and first - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], int(last))
        else:
            runs.append((int(first), int(last)))
    return runs
