"""A camera without a camera: a device that a preloaded library (v4l2_device.c) answers for, to any program."""

import subprocess
from pathlib import Path

import av
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 48, 64
# Colours and their order, the top and its side: all that a wrong layout would mix up.
RGB = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
RGB[:, : WIDTH // 2], RGB[:, WIDTH // 2 :] = (200, 30, 30), (30, 60, 200)
RGB[: HEIGHT // 2] //= 2

LAYOUTS = {
    "YUYV": ("yuyv422", (HEIGHT, WIDTH, 2)),
    "UYVY": ("uyvy422", (HEIGHT, WIDTH, 2)),
    "NV12": ("nv12", (HEIGHT * 3 // 2, WIDTH)),
    "YU12": ("yuv420p", (HEIGHT * 3 // 2, WIDTH)),
    "RGB3": ("rgb24", (HEIGHT, WIDTH, 3)),
    "BGR3": ("bgr24", (HEIGHT, WIDTH, 3)),
    "GREY": ("gray", (HEIGHT, WIDTH)),
}
"""By V4L2's name: FFmpeg's, and the shape of its bytes."""


def raw_picture(fourcc, path, rgb=RGB):
    """The bytes that a camera gives in that layout."""
    if fourcc == "MJPG":
        Image.fromarray(rgb).save(path, "JPEG", quality=95)
    elif fourcc == "UYVY":
        raw_picture("YUYV", path, rgb)
        np.fromfile(path, "u1").reshape(-1, 2)[:, ::-1].tofile(path)
    else:
        picture = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=LAYOUTS[fourcc][0])
        picture.to_ndarray().tofile(path)
    return path


def build(folder):
    """The library."""
    source = Path(__file__).with_name("v4l2_device.c")
    library = folder / "device.so"
    subprocess.run(["gcc", "-Wall", "-shared", "-fPIC", "-O1", str(source), "-o", str(library), "-ldl"], check=True)
    return library


class Device:
    """The camera at a path in a folder of its own; ``become`` and ``recover`` change what it does."""

    def __init__(self, folder, library, fourcc, rgb=RGB):
        self.path = folder / "video7"
        frame = raw_picture(fourcc, folder / "frame", rgb)
        size = f"{rgb.shape[1]}x{rgb.shape[0]}"
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKE_DEVICE": str(self.path),
            "FAKE_FOURCC": fourcc,
            "FAKE_SIZE": size,
            "FAKE_FRAME": str(frame),
        }

    def become(self, what):
        Path(f"{self.path}.{what}").touch()

    def recover(self, what):
        Path(f"{self.path}.{what}").unlink()
