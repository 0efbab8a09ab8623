"""A camera through V4L2, which FFmpeg, which comes with PyAV, reads: any layout of pixels that cameras give."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from edge.source.error import SourceError
from edge.source.frame import Frame, Say
from edge.source.pixels import Rgb, rgb_of

NONBLOCK = "4"
"""AVFMT_FLAG_NONBLOCK, which FFmpeg's option has no name for: a camera that stops must not hold a thread."""
OPEN_S = 5.0
SILENT_S = 5.0
"""A camera that gives nothing for so long has gone."""
POLL_S = 0.004
DEVICES = Path("/dev")
NAMES = Path("/sys/class/video4linux")
REMEDY = "plug it in, or give another's path as the source"


class Camera:
    """A device by its path, its number or a part of its name; None is the first that gives pictures.

    ``rate_hz`` and ``size`` (width, height) are asked for; the camera gives what it has nearest. Frames have the
    time at which they arrived. Iterating raises SourceError when the camera is gone or silent.
    """

    def __init__(
        self,
        device: str | None = None,
        rate_hz: float = 10.0,
        size: tuple[int, int] = (640, 480),
        say: Say = lambda line: None,
    ) -> None:
        self.skipped = 0
        self._say = say
        self._lock = threading.Lock()
        self._closed = False
        self.path, self._container = _first(_candidates(device), rate_hz, size)

    def __iter__(self) -> Iterator[Frame]:
        started = last = time.monotonic()
        number = 0
        while not self._closed:
            for picture in self._read():
                last = time.monotonic()
                yield Frame(picture, last - started, number)
                number += 1
            if time.monotonic() - last > SILENT_S:
                raise SourceError(f"camera {self.path}: no picture for {SILENT_S:.0f} s; {REMEDY}")

    def _read(self) -> list[Rgb]:
        """What is there now, of at most one packet; waits a little if there is nothing."""
        try:
            with self._lock:
                return [] if self._closed else self._next()
        except BlockingIOError:
            time.sleep(POLL_S)
            return []
        except (av.FFmpegError, OSError, StopIteration) as e:
            raise SourceError(f"camera {self.path}: gone ({_reason(e)}); {REMEDY}") from None

    def _next(self) -> list[Rgb]:
        """Copies: a packet, and a frame without compression, lie in memory that closing the device takes away."""
        return [rgb_of(frame).copy() for frame in self._decode(next(self._container.demux(video=0)))]

    def _decode(self, packet: Any) -> list[Any]:
        if packet.dts is None and packet.size == 0:  # the end, which a camera does not have
            raise StopIteration
        try:
            return [] if packet.is_corrupt else list(packet.decode())
        except av.FFmpegError:  # cameras that compress begin with broken pictures
            self.skipped += 1
            return []

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._container.close()


def _first(candidates: list[Path], rate_hz: float, size: tuple[int, int]) -> tuple[Path, Any]:
    refused = []
    for path in candidates:
        options = {
            "video_size": f"{size[0]}x{size[1]}",
            "framerate": f"{rate_hz:g}",
            "fflags": NONBLOCK,
        }
        try:
            # "options" would set the decoder's size as well, to one that the camera may not have.
            return path, av.open(str(path), format="v4l2", container_options=options, timeout=OPEN_S)
        except (av.FFmpegError, OSError, ValueError) as e:
            refused.append(f"camera {path}: {_reason(e)}")
    # A camera has a second device without pictures; the first one's reason is the one to tell.
    raise SourceError(f"{refused[0]}; {REMEDY}")


def devices() -> dict[Path, str]:
    """V4L2's devices by number, each with its name; some of them give no pictures."""
    found = (p for p in DEVICES.glob("video*") if p.name[5:].isdigit())
    return {p: _name(p) for p in sorted(found, key=lambda p: int(p.name[5:]))}


def _candidates(device: str | None) -> list[Path]:
    if device is not None and "/" in device:
        return [Path(device)]
    found = devices()
    if not found:
        raise SourceError("no camera: this machine has no /dev/video*; plug one in, or give a file as the source")
    if device is None:
        return list(found)
    chosen = [p for p, name in found.items() if device == p.name[5:] or (not device.isdigit() and device in name)]
    if not chosen:
        known = ", ".join(f"{p.name[5:]}: {name or p.name}" for p, name in found.items())
        raise SourceError(f"no camera {device!r}; there are {known}")
    return chosen


def _name(path: Path) -> str:
    try:
        return (NAMES / path.name / "name").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or "it ended"
