"""People as flat shapes: that somebody is there and what they do, not who."""

from __future__ import annotations

import numpy as np
from PIL import Image

from edge.view.view import Bytes, Options, Shot

SHAPE, GROUND = (32, 64, 128), (224, 224, 224)


class View:
    """Hiding people: the frame with shapes instead of them. Hiding the background: shapes on a plain ground."""

    def __init__(self, options: Options) -> None:
        self._hides_people = options.hide == "person"

    def __call__(self, shot: Shot) -> Bytes:
        size = shot.rgb.shape[1], shot.rgb.shape[0]
        shape = Image.new("RGB", size, SHAPE)
        if self._hides_people:
            return np.asarray(Image.composite(shape, Image.fromarray(shot.rgb), Image.fromarray(shot.hidden)))
        return np.asarray(Image.composite(shape, Image.new("RGB", size, GROUND), Image.fromarray(shot.person)))
