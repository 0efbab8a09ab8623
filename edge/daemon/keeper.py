"""Keeps coroutines running: sinks, the page. One that fails is logged and started again, later and later."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

from edge.daemon.health import Health

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
WELL_S = 60.0
"""After so long without a failure the next one waits FIRST_WAIT_S again."""

LOG = logging.getLogger("nuthatch")


class Keeper:
    """In the event loop's thread. Health's parts have the names that are given here."""

    def __init__(self, health: Health, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._health, self._first_wait_s = health, first_wait_s
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def names(self) -> set[str]:
        return set(self._tasks)

    def start(self, name: str, make: Callable[[], Awaitable[None]], again: Callable[[], bool] = lambda: True) -> None:
        """``make`` is called for each start; when it returns and ``again`` says no, that was all."""
        self._tasks[name] = asyncio.create_task(self._keep(name, make, again), name=name)

    async def stop(self, name: str, patience_s: float = 0.0) -> None:
        """Let it end by itself for so long, then cancel it."""
        task = self._tasks.pop(name, None)
        if task is None:
            return
        done, _ = await asyncio.wait([task], timeout=patience_s) if patience_s else (set(), None)
        if not done:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self._health.forget(name)

    async def close(self, patience_s: float) -> None:
        """All of them at once."""
        await asyncio.gather(*(self.stop(name, patience_s) for name in list(self._tasks)))

    async def _keep(self, name: str, make: Callable[[], Awaitable[None]], again: Callable[[], bool]) -> None:
        wait_s = self._first_wait_s
        while True:
            started = time.monotonic()
            try:
                await make()
                problem = "ended by itself"
            except Exception as e:
                problem = " ".join(str(e).split()) or type(e).__name__
                if type(e).__module__.partition(".")[0] != "edge":  # ours is a line for the user, another a defect
                    LOG.exception("%s failed", name)
            if not again():
                return
            wait_s = self._first_wait_s if time.monotonic() - started > WELL_S else wait_s
            self._health.say(name, False, "failed", f"{problem} (again in {wait_s:g} s)")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
