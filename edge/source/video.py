"""Video files: whatever FFmpeg, which comes with PyAV, reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from edge.source.error import SourceError
from edge.source.frame import Frame, Say
from edge.source.pixels import rgb_of

USUAL_HZ = 25
"""Of a file that does not tell."""


class Video:
    """Every picture of a file, on the file's own clock. Those that cannot be decoded are counted and left out.

    Where there are no times (raw H.264), or they go back (recordings joined), a period is what the file's rate says.
    """

    def __init__(self, path: Path | str, say: Say = lambda line: None) -> None:
        self.path, self.skipped = Path(path), 0
        self._say = say
        self._lock = threading.Lock()
        self._closed = False
        self._container = _open(self.path)
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._period_s = 1 / float(self._stream.guessed_rate or USUAL_HZ)

    def __iter__(self) -> Iterator[Frame]:
        began_s, time_s, number = None, 0.0, 0
        for decoded in self._decoded():
            next_s = time_s + self._period_s if number else 0.0
            clock_s = decoded.time
            if clock_s is not None and (began_s is None or clock_s - began_s < time_s):
                began_s = clock_s - next_s
            time_s = next_s if clock_s is None else clock_s - began_s
            yield Frame(rgb_of(decoded), time_s, number)
            number += 1
        if self.skipped:
            self._say(f"{self.path}: {self.skipped} pictures cannot be decoded; left out")
        if number == 0 and not self._closed:
            raise SourceError(f"{self.path}: holds no picture that can be decoded; encode it again")

    def _decoded(self) -> Iterator[Any]:
        packets = self._container.demux(self._stream)
        while True:
            with self._lock:
                if self._closed:
                    return
                try:
                    packet = next(packets, None)
                except (av.FFmpegError, ValueError) as e:
                    raise SourceError(f"{self.path}: breaks off ({_reason(e)}); encode it again") from None
                frames = [] if packet is None else self._decode(packet)
            if packet is None:
                return
            yield from frames

    def _decode(self, packet: Any) -> list[Any]:
        try:
            return list(packet.decode())
        except av.FFmpegError:
            self.skipped += 1
            return []

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._container.close()


def _open(path: Path) -> Any:
    if not path.exists():
        raise SourceError(f"{path}: no such file; the source is camera, a video, a picture or a folder")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: 0 bytes; give a video with pictures in it")
    try:
        container = av.open(str(path), metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as e:
        raise SourceError(f"{path}: no video that FFmpeg reads ({_reason(e)})") from None
    if not container.streams.video:
        container.close()
        raise SourceError(f"{path}: has no pictures, only sound; nuthatch listen hears it")
    return container


def _reason(error: Exception) -> str:
    """FFmpeg's words without the path, which the line has already."""
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
