"""How much faster the audio's clock goes than the machine's."""

from __future__ import annotations

from edge.source.source import RATE_HZ

SETTLED_S = 60.0
WINDOW_S = 5.0


class Drift:
    """Of one opening: samples against the steady clock.

    A block may arrive late, by tens of milliseconds on a busy machine, but never early: of each window of time only
    the block that came with the least delay counts, and a straight line through those is the drift.
    """

    def __init__(self) -> None:
        self._samples = 0
        self._first_s: float | None = None
        self._window_end_s = 0.0
        self._least: tuple[float, float] | None = None
        # of the windows' least delays: n, and sums of time t, delay d, t * t, t * d
        self._n = self._t = self._d = self._tt = self._td = 0.0
        self._passed_s = 0.0

    def add(self, samples: int, arrived_s: float) -> None:
        """``arrived_s``: time.monotonic() when the block was there."""
        if self._first_s is None:
            self._first_s, self._window_end_s = arrived_s, WINDOW_S
            return  # the block's own samples came before
        self._samples += samples
        self._passed_s = arrived_s - self._first_s
        delay_s = self._passed_s - self._samples / RATE_HZ
        if self._passed_s >= self._window_end_s:
            self._close_window()
        if self._least is None or delay_s < self._least[1]:
            self._least = (self._passed_s, delay_s)

    def _close_window(self) -> None:
        self._window_end_s = self._passed_s + WINDOW_S
        if self._least is not None:
            t, d = self._least
            self._n, self._t, self._d = self._n + 1, self._t + t, self._d + d
            self._tt, self._td = self._tt + t * t, self._td + t * d
        self._least = None

    @property
    def ppm(self) -> float | None:
        """Millionths; None until it means something. Lost samples count as slowness."""
        spread = self._n * self._tt - self._t * self._t
        if self._passed_s < SETTLED_S or spread <= 0.0:
            return None
        # what runs fast comes with less and less delay
        return round(-1e6 * (self._n * self._td - self._t * self._d) / spread, 1) + 0.0
