"""Blurred until nobody can be told: the hidden part keeps a handful of colours, at any resolution."""

from __future__ import annotations

import numpy as np
from PIL import Image

from edge.view.view import Bytes, Options, Shot

CELLS = 8
"""Along the shorter side. Only their mean colours are left, so no sharpening brings a face back."""


class View:
    """The frame, its hidden part as ``CELLS`` x ``CELLS`` or a few more colours that flow into each other."""

    def __init__(self, options: Options) -> None:
        """There is nothing to choose."""

    def __call__(self, shot: Shot) -> Bytes:
        picture = Image.fromarray(shot.rgb)
        return np.asarray(Image.composite(blurred(picture), picture, Image.fromarray(shot.hidden)))


def blurred(picture: Image.Image) -> Image.Image:
    """Of the same size."""
    cell = max(1.0, min(picture.size) / CELLS)
    few = max(1, round(picture.width / cell)), max(1, round(picture.height / cell))
    return picture.resize(few, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)
