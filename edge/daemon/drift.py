"""How much faster the audio's clock goes than the machine's."""

from __future__ import annotations

from edge.source.source import RATE_HZ

SETTLED_S = 60.0
"""Blocks arrive some tens of milliseconds early or late: before, that is all one sees."""


class Drift:
    """Of one opening: samples against the steady clock, from the first block's arrival on."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = 0.0
        self._samples = 0

    def add(self, samples: int, arrived_s: float) -> None:
        """``arrived_s``: time.monotonic() when the block was there."""
        if self._first_s is None:
            self._first_s = arrived_s  # the block's own samples came before
        else:
            self._samples += samples
        self._last_s = arrived_s

    @property
    def ppm(self) -> float | None:
        """Millionths; None until it means something. Lost samples count as slowness."""
        passed = self._last_s - self._first_s if self._first_s is not None else 0.0
        if passed < SETTLED_S:
            return None
        return round((self._samples / RATE_HZ / passed - 1.0) * 1e6, 1)
