"""The last seconds of audio, in memory only."""

from __future__ import annotations

import threading

import numpy as np

from edge.source.source import RATE_HZ, Samples


class Recent:
    """Written by the ear, read by anybody."""

    def __init__(self, seconds: float) -> None:
        self._memory = np.zeros(int(seconds * RATE_HZ), np.int16)
        self._written = 0
        self._lock = threading.Lock()

    def write(self, samples: Samples) -> None:
        """int16 [n], any n."""
        samples = samples[-len(self._memory) :]
        with self._lock:
            start = self._written % len(self._memory)
            first = min(len(samples), len(self._memory) - start)
            self._memory[start : start + first] = samples[:first]
            self._memory[: len(samples) - first] = samples[first:]
            self._written += len(samples)

    def last(self, most: int | None = None) -> Samples:
        """Up to so many samples, or all there are: int16 [n], a copy, oldest first."""
        with self._lock:
            end = self._written % len(self._memory)
            n = min(self._written, len(self._memory))
            ordered = np.concatenate([self._memory[end:], self._memory[:end]])
        n = n if most is None else min(n, max(0, most))
        return ordered[len(ordered) - n :]

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._memory.fill(0)
            self._written = 0
