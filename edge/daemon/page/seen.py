"""Records since the page was opened, whether anybody looks or not."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable

from edge.daemon.hub import Feed
from edge.daemon.record import Record

REMEMBERED = 200


class Seen:
    """The last ones, and how many there were of each kind."""

    def __init__(self) -> None:
        self.recent: deque[Record] = deque(maxlen=REMEMBERED)
        """Shown where there is no store."""
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """(model, task, label) -> detections."""
        self.tell: Callable[[Record], None] = lambda record: None

    async def follow(self, feed: Feed[Record]) -> None:
        """Until the feed is closed."""
        async for record in feed:
            self.recent.append(record)
            self.counts[record.model, record.task, record.label] += 1
            self.tell(record)
