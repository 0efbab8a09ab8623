"""Small videos for tests."""

from fractions import Fraction

import av
import numpy as np

HEIGHT, WIDTH = 48, 64


def picture(i, height=HEIGHT, width=WIDTH):
    """Grey that tells its number, a red block that tells which way is up: uint8 [H, W, 3]."""
    rgb = np.full((height, width, 3), 40 + 4 * i, np.uint8)
    rgb[: height // 3, : width // 3] = (220, 20, 20)
    return rgb


def film(path, count=20, rate=10, codec="libx264", rotation=0, pictures=None, pix_fmt="yuv420p"):
    """A video of ``count`` pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        first = picture(0) if pictures is None else pictures[0]
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], pix_fmt
        stream.codec_context.time_base = Fraction(1, rate)
        if rotation:
            stream.set_display_rotation(rotation)
        for i in range(count if pictures is None else len(pictures)):
            frame = av.VideoFrame.from_ndarray(picture(i) if pictures is None else pictures[i], format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def sound(path):
    """A file without pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
