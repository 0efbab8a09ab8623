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

    @property
    def by_a_speaker(self) -> bool:
        """Whether the name tells who speaks; what it does not tell of is its own source, `folder/file`."""
        return "/" not in self.speaker


LONGEST_WORD_S = 1.3


def word_span(samples: np.ndarray, rate_hz: int = 16_000) -> tuple[float, float]:
    """(onset_s, offset_s) of the word in int16 [n] samples, by energy.

    The level of every 10 ms is smoothed by a median over 90 ms, so that clicks do not count. Stretches above a
    threshold between the noise floor and the peak, with gaps of up to 150 ms closed, are candidates; the one with the
    most decibels above it is the word. The threshold rises until that one is no longer than a word can be.
    """
    hop = rate_hz // 100
    n = len(samples) // hop
    if n < 15:
        return 0.0, len(samples) / rate_hz
    power = (samples[: n * hop].astype(np.float64).reshape(n, hop) ** 2).mean(axis=1)
    db = _median(10 * np.log10(power + 1.0), 9)
    sounding = db[db > 3.0]  # what is below is digital silence that an editor left, not the room
    if not len(sounding):
        return 0.0, len(samples) / rate_hz
    floor, peak = np.percentile(sounding, 10), db.max()
    first, last = 0, n
    for fraction, margin_db in ((0.4, 10), (0.5, 8), (0.6, 6), (0.7, 5), (0.8, 4)):
        threshold = min(max(floor + fraction * (peak - floor), peak - 25), peak - margin_db)
        spans = _runs(db >= threshold, gap=15)
        first, last = max(spans, key=lambda s: np.maximum(db[s[0] : s[1]] - threshold + 0.1, 0).sum())
        if (last - first) * hop <= LONGEST_WORD_S * rate_hz:
            break
    return first * hop / rate_hz, last * hop / rate_hz


def _median(x: np.ndarray, width: int) -> np.ndarray:
    """Running median of float [n], the ends repeated."""
    padded = np.pad(x, width // 2, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)


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
