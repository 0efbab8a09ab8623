"""Only the newest frame counts: a machine that is too slow drops pictures, it never falls behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from edge.source.frame import Frame, Pictures

EARLY = 0.25
"""A frame is due so much of a period early: a camera's clock and ours are not one."""
JOIN_S = 10.0
"""A thread that is still in FFmpeg when Python ends may crash; a busy machine needs a while to end it."""


class Latest:
    """A thread reads the source; the watcher gets the newest frame that is due, each at most once.

    ``rate_hz`` frames a second are due; what the source gives beyond is ``unneeded``, what was due and was
    replaced by a newer one before the watcher came is ``dropped``. The source's end and its errors reach the
    watcher after the last frame.
    """

    def __init__(self, source: Pictures, rate_hz: float) -> None:
        self._source, self._period_s = source, 1 / rate_hz
        self._due_s = 0.0
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="pictures", daemon=True)
        self.dropped = 0
        self.unneeded = 0

    @property
    def skipped(self) -> int:
        return self._source.skipped

    @property
    def lost(self) -> int:
        """How often the camera vanished."""
        return int(getattr(self._source, "lost", 0))

    def __iter__(self) -> Iterator[Frame]:
        self._thread.start()
        while True:
            with self._changed:
                # A wait without a limit would keep Ctrl-C waiting as well.
                while self._newest is None and not self._ended:
                    self._changed.wait(0.5)
                frame, self._newest = self._newest, None
            if frame is None:
                break
            yield frame
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        try:
            for frame in self._source:
                self._offer(frame)
                if self._ended:
                    break
        except BaseException as e:  # it is the watcher's, who raises it
            self._error = e
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _offer(self, frame: Frame) -> None:
        if frame.time_s < self._due_s - EARLY * self._period_s:
            self.unneeded += 1
            return
        due_s = self._due_s + self._period_s
        self._due_s = due_s if frame.time_s < due_s else frame.time_s + self._period_s
        with self._changed:
            self.dropped += self._newest is not None
            self._newest = frame
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._ended = True
        self._source.close()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)
