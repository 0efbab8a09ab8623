"""The mask itself: grey, the brighter the surer that it is a person. Nothing of the frame is in it."""

from __future__ import annotations

from edge.view.view import Bytes, Options, Shot


class View:
    """uint8 [H, W]."""

    def __init__(self, options: Options) -> None:
        """There is nothing to choose."""

    def __call__(self, shot: Shot) -> Bytes:
        return shot.person
