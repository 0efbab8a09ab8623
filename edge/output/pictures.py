"""Views as pictures in a folder, or one as a file: each appears whole or not at all, and without metadata.

A camera's metadata name the place and may hold a small copy of the picture as it was.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path, PurePosixPath

from PIL import Image

from edge.output.error import cannot_write
from edge.output.output import View
from edge.source.frame import Frame

JPEG = (".jpg", ".jpeg")
KINDS = (*JPEG, ".png")
QUALITY = 90


class Pictures:
    """In ``folder``, under the name that a picture came with, or its number; PNG but for what came as JPEG.

    Grey views are always PNG. ``name`` instead is that of the only picture.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder, self._name = folder, name
        self._taken: set[Path] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise cannot_write(folder, e) from None

    def __call__(self, view: View, frame: Frame) -> None:
        path = self._path(frame, grey=view.ndim == 2)
        part = path.with_name(f".{os.getpid()}.part")  # a name may be as long as names can be
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Pillow itself takes a disk that fills up halfway for success.
            part.write_bytes(_encoded(view, path))
            part.replace(path)
        except OSError as e:
            raise cannot_write(path, e) from None
        finally:  # after Ctrl-C as well
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _path(self, frame: Frame, grey: bool) -> Path:
        if self._name:
            return self.folder / self._name
        given = PurePosixPath(frame.name or f"{frame.number:06d}.jpg")
        named = given.with_suffix(given.suffix if given.suffix.lower() in KINDS else ".png")
        path = self.folder / (named.with_suffix(".png") if grey else named)
        if path in self._taken:  # a.jpg beside a.png, both now PNG
            path = path.with_name(f"{given.name}{path.suffix}")
        self._taken.add(path)
        return path

    def close(self) -> None:
        """Every picture is whole already."""


def _encoded(view: View, path: Path) -> bytes:
    memory = io.BytesIO()
    kind = "JPEG" if path.suffix.lower() in JPEG else "PNG"
    Image.fromarray(view).save(memory, kind, quality=QUALITY)
    return memory.getvalue()
