"""Another picture, or plain grey, instead of what is hidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from edge.source.error import SourceError
from edge.source.still import read_still
from edge.view.view import Bytes, Options, Shot

GREY = (96, 96, 96)


class View:
    """The frame, its hidden part replaced; the other picture is cut to the frame's shape."""

    def __init__(self, options: Options) -> None:
        self._other = _picture(options.background) if options.background else None
        self._fitted = Image.new("RGB", (1, 1), GREY)

    def __call__(self, shot: Shot) -> Bytes:
        picture = Image.fromarray(shot.rgb)
        if self._fitted.size != picture.size:
            self._fitted = self._fit(picture.size)
        return np.asarray(Image.composite(self._fitted, picture, Image.fromarray(shot.hidden)))

    def _fit(self, size: tuple[int, int]) -> Image.Image:
        if self._other is None:
            return Image.new("RGB", size, GREY)
        return ImageOps.fit(self._other, size, Image.Resampling.BILINEAR)


def _picture(path: Path) -> Image.Image:
    try:
        return Image.fromarray(read_still(path))
    except SourceError as e:
        raise SourceError(f"{e}; give --background another picture") from None
