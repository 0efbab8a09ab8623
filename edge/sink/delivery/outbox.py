"""From a feed over the disk to a sender: nothing is lost, up to a bound, while the other side is away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import Field

from edge.daemon.control import Control
from edge.daemon.hub import Feed
from edge.daemon.record import Record
from edge.sink.delivery.cancel import heed_cancel
from edge.sink.delivery.spool import Spool
from edge.sink.delivery.wanted import Wanted

SYNC_AFTER_S = 0.25
"""What has arrived by then need never be on the disk: an SD card lives longer, and the sender does not wait."""

RETRY_DISK_S = 5.0


class Queued(Wanted):
    """The fields of a sink with a queue on the disk."""

    queue_records: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        title="Queue",
        description="Records that wait on the disk while the other side is away; beyond that the oldest are lost.",
    )
    retry_s: float = Field(
        30.0,
        gt=0,
        le=3_600,
        title="Longest pause",
        description="Between two tries while the other side is away, in seconds.",
    )


class Outbox:
    """``first`` gives the oldest record that waits; ``done`` takes it away."""

    def __init__(self, name: str, config: Queued, feed: Feed[Record], control: Control) -> None:
        self.name, self._config, self._feed, self._control = name, config, feed, control
        self.spool = Spool(control.state_folder / "queues" / f"{name}.queue", config.queue_records)
        self.sent = self.failed = 0
        self._say_again: Callable[[], None] = lambda: None
        self._arrived, self._unsynced, self._ending = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @property
    def ending(self) -> bool:
        """The feed was closed: tell what can be told at once; the rest waits on the disk for the next start."""
        return self._ending.is_set()

    async def first(self) -> tuple[int, str] | None:
        """Number and JSON of the oldest record; waits until there is one; None when none will come any more."""
        while (found := self.spool.first()) is None:
            if self.ending:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return found

    async def pause(self, wait_s: float) -> None:
        """Before the next try; ends early when the feed is closed."""
        heed_cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._ending.wait()

    async def done(self, number: int) -> None:
        """It has arrived."""
        self.sent += 1
        await _whole(self.spool.remove, number)

    async def refuse(self, number: int) -> None:
        """The other side will never take it."""
        self.failed += 1
        await _whole(self.spool.remove, number)

    def say(self, ok: bool, state: str, text: str = "", **facts: Any) -> None:
        """To the daemon's health, with what the queue counts; said again when more has come."""
        self._say_again = lambda: self._tell(ok, state, text, **facts)
        self._tell(ok, state, text, **facts)

    def _tell(self, ok: bool, state: str, text: str, **facts: Any) -> None:
        if self.spool.fault:
            ok, text = False, "; ".join(filter(None, [text, f"waiting records are in memory only: {self.spool.fault}"]))
        self._control.health.say(f"sink/{self.name}", ok, state, text, **self.facts, **facts)

    @property
    def facts(self) -> dict[str, int]:
        return {
            "waiting": len(self.spool),
            "sent": self.sent,
            "failed": self.failed,
            "dropped": self.spool.dropped + self._feed.dropped,
            "torn": self.spool.torn,
        }

    async def _fill(self) -> None:
        async for records in self._feed.batches():
            await _whole(self._put, records)
            self._arrived.set()
            self._unsynced.set()
            self._say_again()
        self._ending.set()
        self._arrived.set()

    async def _sync(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_DISK_S):
                    await self._unsynced.wait()
            self._unsynced.clear()
            await asyncio.sleep(SYNC_AFTER_S)
            if self.spool.fault:
                await _whole(self.spool.retry)
                self._arrived.set()
            elif len(self.spool):
                await _whole(self.spool.sync)

    def _put(self, records: list[Record]) -> None:
        for record in records:
            if self._config.wants(record):
                self.spool.put(record.to_json())

    def close(self) -> None:
        """What is still in the feed goes to the disk and waits for the next start."""
        self._put(self._feed.take())
        self.spool.sync()
        self.spool.close()


async def _whole(work: Callable[..., None], *arguments: object) -> None:
    """In a thread, and to its end even if the task is cancelled meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise


@asynccontextmanager
async def open_outbox(name: str, config: Queued, feed: Feed[Record], control: Control) -> AsyncIterator[Outbox]:
    """An outbox that fills itself until the end of the block."""
    outbox = await asyncio.to_thread(Outbox, name, config, feed, control)
    tasks = [asyncio.create_task(work) for work in (outbox._fill(), outbox._sync())]
    try:
        yield outbox
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        outbox.close()
