"""When to try again: later and later, never all at the same moment."""

from __future__ import annotations

import random


class Backoff:
    """Doubles from ``first_s`` to ``last_s``; each wait is a random half to whole of that.

    Many devices that lost the same broker must not come back in step.
    """

    def __init__(self, first_s: float, last_s: float) -> None:
        self._first_s, self._last_s = min(first_s, last_s), last_s
        self.reset()

    def reset(self) -> None:
        """It worked: the next wait is a short one."""
        self._next_s = self._first_s

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Seconds to wait now; the wait after will be longer. ``at_least_s``: what the other side asked for."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(2 * self._next_s, self._last_s)
        return max(wait_s, min(at_least_s, self._last_s))
