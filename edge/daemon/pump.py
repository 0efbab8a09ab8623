"""A source read by a thread of its own, which alone may wait: for a device, for a slow disk, for ever."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from edge.source.source import Samples, Source

LIMIT = 64
"""Blocks that may wait. Then the reader waits too: a file has time, a microphone's ring overflows and counts."""
LOOK_S = 0.01
"""A reader that has to wait looks again so often: all that waits is minutes of a file, or a second of a device."""

QUICK_S = 0.2
"""A reader that does not hang has seen by then that it shall end."""


@dataclass(frozen=True)
class Block:
    """Samples and when they had arrived."""

    samples: Samples
    utc_s: float
    monotonic_s: float


class AudioEnded(Exception):
    """All of a file or a pipe has been heard."""


class Pump:
    """One opening of a source; begins at once."""

    def __init__(self, open_source: Callable[[], Source], limit: int = LIMIT) -> None:
        self.source: Source | None = None
        self._open = open_source
        self._blocks: queue.SimpleQueue[Block | None] = queue.SimpleQueue()
        self._limit = limit
        self._end: Exception = AudioEnded()
        self._closed = threading.Event()
        # Each is changed by one thread alone.
        self._given_samples = self._taken_samples = 0
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)
        self._thread.start()

    @property
    def waiting_samples(self) -> int:
        """Read, but not yet taken."""
        return self._given_samples - self._taken_samples

    def take(self, timeout_s: float) -> Block | None:
        """The next block, or None if none came in time.

        After all blocks raises AudioEnded, or what the source raised (SourceError) where it broke off.
        """
        try:
            block = self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if block is None:
            raise self._end
        self._taken_samples += len(block.samples)
        return block

    def close(self, patience_s: float = 1.0) -> None:
        """Let go. A reader that hangs in its device is left behind, and ends when the device lets it."""
        self._closed.set()
        self._thread.join(QUICK_S)
        if self._thread.is_alive():
            closing = threading.Thread(target=self._close_source, name="source closing", daemon=True)
            closing.start()
            closing.join(patience_s)
            self._thread.join(QUICK_S)

    def _run(self) -> None:
        try:
            self.source = self._open()
            for samples in self.source:
                if self._closed.is_set():
                    break
                self._given_samples += len(samples)
                self._put(Block(samples, time.time(), time.monotonic()))
        except Exception as e:
            self._end = e
        self._close_source()
        self._put(None)

    def _put(self, block: Block | None) -> None:
        while self._blocks.qsize() >= self._limit and not self._closed.is_set():
            self._closed.wait(LOOK_S)
        self._blocks.put(block)

    def _close_source(self) -> None:
        with suppress(Exception):  # it is of no use any more, whatever it says
            if self.source is not None:
                self.source.close()
