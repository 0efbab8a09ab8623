"""A Raspberry Pi's own camera through picamera2, which Raspberry Pi OS brings; PyPI's copy needs its libraries."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from edge.source.error import SourceError
from edge.source.frame import Frame

RGB = "BGR888"
"""picamera2 names the bytes as one little-endian number: the first byte is red."""
SILENT_S = 5.0
REMEDY = "rpicam-hello --list-cameras lists them"


class PiCamera:
    """A camera by its number; ``rate_hz`` and ``size`` (width, height) are asked for."""

    def __init__(self, device: str | None = None, rate_hz: float = 10.0, size: tuple[int, int] = (640, 480)) -> None:
        self.skipped = 0
        self._lock = threading.Lock()
        self._closed = False
        self._camera = _open(int(device or 0), rate_hz, size)

    def __iter__(self) -> Iterator[Frame]:
        started, number = time.monotonic(), 0
        while not self._closed:
            rgb = self._read()
            if rgb is not None:
                yield Frame(rgb, time.monotonic() - started, number)
                number += 1

    def _read(self) -> Any:
        with self._lock:
            if self._closed:
                return None
            try:
                job = self._camera.capture_array("main", wait=False)
                return np.ascontiguousarray(self._camera.wait(job, timeout=SILENT_S)[..., :3])
            except Exception as e:  # libcamera's errors are of many types; none of them is worth a traceback
                said = " ".join(str(e).split()) or type(e).__name__
                raise SourceError(f"camera of the Pi: gone ({said}); {REMEDY}") from None

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._camera.close()


def is_there() -> bool:
    """picamera2 is installed and sees a camera."""
    if find_spec("picamera2") is None:
        return False
    try:
        from picamera2 import Picamera2

        return bool(Picamera2.global_camera_info())
    except Exception:  # libcamera without its kernel parts: any error means that V4L2 is to try
        return False


def _open(number: int, rate_hz: float, size: tuple[int, int]) -> Any:
    from picamera2 import Picamera2

    try:
        camera = Picamera2(number)
        chosen = camera.create_video_configuration(
            main={"size": size, "format": RGB}, controls={"FrameRate": rate_hz}, buffer_count=2
        )
        camera.configure(chosen)
        camera.start()
    except Exception as e:  # as above
        raise SourceError(f"camera {number} of the Pi: {' '.join(str(e).split())}; {REMEDY}") from None
    return camera
