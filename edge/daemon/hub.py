"""One publisher, many readers: each with its own bounded queue, so that a slow one delays nobody."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Feed(Generic[T]):
    """One reader's queue. When it is full the oldest item goes and is counted."""

    def __init__(self, hub: Hub[T], name: str, limit: int) -> None:
        self.name, self.dropped, self.given = name, 0, 0
        self.wake: Callable[[], None] = lambda: None
        """Called in the publisher's thread after each item; must not wait."""
        self._hub, self._limit = hub, limit
        self._items: deque[T] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def take(self) -> list[T]:
        """All items that wait, oldest first; never waits."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
        return items

    async def __aiter__(self) -> AsyncIterator[T]:
        """Items as they come, for one asyncio task; ends when the feed is closed."""
        async for items in self.batches():
            for item in items:
                yield item

    async def batches(self) -> AsyncIterator[list[T]]:
        """The same, all that wait at once: who is cancelled between two items knows what he had taken."""
        arrived, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(arrived.set)

        self.wake = wake
        while True:
            closed = self.closed  # before taking: what comes while these items are worked on is taken too
            if items := self.take():
                yield items
            if closed:
                return
            if not len(self):
                await arrived.wait()
            arrived.clear()

    @property
    def closed(self) -> bool:
        """No more items will come."""
        return self not in self._hub.feeds

    def close(self) -> None:
        """Leave the hub; what waits can still be taken."""
        self._hub.leave(self)
        self.wake()

    def put(self, item: T) -> None:
        """The hub's end."""
        with self._lock:
            if len(self._items) >= self._limit:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self.given += 1
        self.wake()


class Hub(Generic[T]):
    """``publish`` may be called in any thread and never waits for a reader."""

    def __init__(self) -> None:
        self.feeds: tuple[Feed[T], ...] = ()
        self._lock = threading.Lock()

    def feed(self, name: str, limit: int = 1_000) -> Feed[T]:
        """A new reader, who gets what is published from now on."""
        feed = Feed(self, name, limit)
        with self._lock:
            self.feeds = (*self.feeds, feed)
        return feed

    def leave(self, feed: Feed[T]) -> None:
        with self._lock:
            self.feeds = tuple(f for f in self.feeds if f is not feed)

    def publish(self, item: T) -> None:
        for feed in self.feeds:
            feed.put(item)
