"""A camera that may vanish: named, counted, opened again, later and later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from edge.source.error import SourceError
from edge.source.frame import Frame, Pictures, Say

FIRST_S = 0.5
MOST_S = 30.0


class Reopening:
    """What ``open_source`` gives; when that breaks off, opened again after .5 s, 1 s, 2 s, ... 30 s.

    The first opening raises SourceError as any does: a camera that was never there is a mistake. Numbers and time
    go on over a gap.
    """

    def __init__(self, open_source: Callable[[], Pictures], say: Say = lambda line: None, first_s: float = FIRST_S):
        self._open, self._say, self._first_s = open_source, say, first_s
        self._closed = threading.Event()
        self._source = open_source()
        self._opened = time.monotonic()
        self._skipped_before = 0
        self.lost = 0
        """How often it vanished."""

    @property
    def skipped(self) -> int:
        return self._skipped_before + self._source.skipped

    def __iter__(self) -> Iterator[Frame]:
        number, offset_s, delay_s = 0, 0.0, self._first_s
        while not self._closed.is_set():
            try:
                for frame in self._source:
                    yield replace(frame, number=number, time_s=frame.time_s + offset_s)
                    number, delay_s = number + 1, self._first_s
                return
            except SourceError as e:
                self._lose(e)
            delay_s = self._reopen(delay_s)
            offset_s = time.monotonic() - self._opened

    def _lose(self, error: SourceError) -> None:
        self.lost += 1
        self._say(f"{error}; looking for it")
        self._source.close()

    def _reopen(self, delay_s: float) -> float:
        """Wait and try until it is there or all is closed -> the next delay, should it vanish at once again."""
        gone = time.monotonic()
        while not self._closed.wait(delay_s):
            delay_s = min(2 * delay_s, MOST_S)
            try:
                source = self._open()
            except SourceError:
                continue
            self._skipped_before, self._source = self.skipped, source
            if self._closed.is_set():
                source.close()
            else:
                self._say(f"camera: there again after {time.monotonic() - gone:.1f} s")
            break
        return delay_s

    def close(self) -> None:
        self._closed.set()
        self._source.close()
