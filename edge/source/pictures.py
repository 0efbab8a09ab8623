"""A camera, a video, a picture or a folder by what the user calls it; only what is asked for is imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.source.frame import Pictures, Say

CAMERA = "camera"


def is_camera(source: str) -> bool:
    """The word, or the path of a device; of one that was pulled out nothing is left."""
    path = Path(source)
    return source == CAMERA or path.is_char_device() or (path.is_relative_to("/dev") and not path.exists())


def is_still(source: str) -> bool:
    """A picture or a folder of pictures, which have nothing to do with one another."""
    from edge.source.folder import is_picture

    return source != CAMERA and (Path(source).is_dir() or is_picture(Path(source)))


def file(source: str, rate_hz: float, say: Say) -> Pictures:
    """A video, a picture or a folder; raises SourceError."""
    if is_still(source):
        from edge.source.folder import Folder

        return Folder(source, rate_hz, say)
    from edge.source.video import Video

    return Video(source, say)


def camera(source: str, device: str | None, rate_hz: float, size: tuple[int, int]) -> Callable[[], Pictures]:
    """How to open it: the Pi's own where there is one and no V4L2 device was named, else V4L2."""
    from edge.source import picamera

    wanted = device if source == CAMERA else source
    if (wanted is None or wanted.isdigit()) and picamera.is_there():
        return lambda: picamera.PiCamera(wanted, rate_hz, size)
    from edge.source.camera import Camera

    return lambda: Camera(wanted, rate_hz, size)
