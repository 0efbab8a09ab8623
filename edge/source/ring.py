"""Samples from one thread to another without a lock."""

from __future__ import annotations

import numpy as np

from edge.source.source import Samples


class Ring:
    """One producer, one consumer. Neither waits: what does not fit is dropped and counted.

    ``_written`` is changed by the producer alone and ``_read`` by the consumer alone, each after the samples
    themselves were copied, so either side sees only whole blocks; storing a Python int is atomic.
    """

    def __init__(self, capacity: int, channels: int = 1) -> None:
        self.capacity = capacity
        self._memory = np.zeros((capacity, channels), np.int16)
        self._written = 0
        self._read = 0
        self.overruns = 0
        """Blocks that did not fit whole."""
        self.lost = 0
        """Samples (of each channel) dropped in them."""

    def __len__(self) -> int:
        return self._written - self._read

    def write(self, samples: Samples) -> None:
        """Producer: append int16 [n, channels]; the newest samples are dropped when there is no room."""
        n = min(len(samples), self.capacity - len(self))
        if n < len(samples):
            self.overruns += 1
            self.lost += len(samples) - n
        start = self._written % self.capacity
        first = min(n, self.capacity - start)
        self._memory[start : start + first] = samples[:first]
        self._memory[: n - first] = samples[first:n]
        self._written += n

    def read(self, most: int) -> Samples:
        """Consumer: up to that many samples, int16 [n, channels], a copy; n may be 0."""
        n = min(most, len(self))
        start = self._read % self.capacity
        first = min(n, self.capacity - start)
        samples = np.concatenate([self._memory[start : start + first], self._memory[: n - first]])
        self._read += n
        return samples
