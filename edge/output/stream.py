"""Views into a pipe: one JPEG after the other, or raw RGB."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from edge.output.error import cannot_write
from edge.output.output import View
from edge.source.frame import Frame

KINDS = ("mjpeg", "raw")
QUALITY = 85


class Stream:
    """Into ``pipe``, which stays open, or a path. A raw stream has the first view's size throughout.

    A reader that has enough is BrokenPipeError, which is the caller's.
    """

    def __init__(self, pipe: BinaryIO | Path, kind: str = "mjpeg") -> None:
        self._kind = kind
        self._size: tuple[int, int] | None = None
        self._name = str(pipe) if isinstance(pipe, Path) else "stdout"
        self._owned = isinstance(pipe, Path)
        try:
            self._pipe = pipe.open("wb") if isinstance(pipe, Path) else pipe
        except OSError as e:
            raise cannot_write(self._name, e) from None

    def __call__(self, view: View, frame: Frame) -> None:
        data = self._jpeg(view) if self._kind == "mjpeg" else self._raw(view)
        try:
            self._pipe.write(data)
            self._pipe.flush()
        except BrokenPipeError:
            raise
        except OSError as e:
            raise cannot_write(self._name, e) from None

    def _jpeg(self, view: View) -> bytes:
        memory = io.BytesIO()
        Image.fromarray(view).save(memory, "JPEG", quality=QUALITY)
        return memory.getvalue()

    def _raw(self, view: View) -> bytes:
        picture = Image.fromarray(view).convert("RGB")
        self._size = self._size or picture.size
        if picture.size != self._size:
            picture = picture.resize(self._size, Image.Resampling.BILINEAR)
        return np.asarray(picture).tobytes()

    def close(self) -> None:
        if self._owned:
            self._pipe.close()
