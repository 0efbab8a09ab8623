"""When to try again: later and later, never all at the same moment."""

from __future__ import annotations

import asyncio
import random

from edge.sink.delivery.cancel import heed_cancel


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

    def next_s(self) -> float:
        """Seconds to wait now; the wait after will be longer."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)
        self._next_s = min(2 * self._next_s, self._last_s)
        return wait_s

    async def wait(self, at_least_s: float = 0.0) -> None:
        """``at_least_s``: what the other side asked for."""
        heed_cancel()
        await asyncio.sleep(max(self.next_s(), min(at_least_s, self._last_s)))
