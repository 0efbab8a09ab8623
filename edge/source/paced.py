"""A file's pictures no faster than they were taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from edge.source.frame import Frame, Pictures


class Paced:
    """Each frame at its own time after the first: a file that behaves like a camera."""

    def __init__(self, source: Pictures) -> None:
        self._source = source
        self._closed = threading.Event()

    @property
    def skipped(self) -> int:
        return self._source.skipped

    def __iter__(self) -> Iterator[Frame]:
        started = None
        for frame in self._source:
            started = time.monotonic() - frame.time_s if started is None else started
            if self._closed.wait(max(0.0, started + frame.time_s - time.monotonic())):
                return
            yield frame

    def close(self) -> None:
        self._closed.set()
        self._source.close()
