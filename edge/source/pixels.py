"""What a decoder gives, in any layout of pixels, as RGB the right way up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.source.frame import Rgb

if TYPE_CHECKING:
    from av import VideoFrame


def rgb_of(frame: VideoFrame) -> Rgb:
    """YUYV, NV12, planar, full range or not, 10 bits, ... -> uint8 [H, W, 3], turned as the file says.

    A telephone held upright writes pictures that lie, and an angle beside them: counter-clockwise, in degrees.
    """
    rgb: Rgb = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb
