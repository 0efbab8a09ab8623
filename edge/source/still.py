"""A picture's file to RGB, whatever it is: turned by EXIF, grey, palette, CMYK, 16 bits, transparent, far too large.

The training data's pictures become RGB here as well, so that a network sees what it learnt from.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.source.error import SourceError
from edge.source.frame import Rgb

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
SMALLEST = 16
"""Pixels of a side below which a picture shows nobody."""
MOST_PIXELS = 100_000_000
KEPT = 2_048
"""Pixels of the longer side that are kept; larger pictures are reduced, where the format can while it is read."""
BACKDROP = (128, 128, 128)
"""What stands behind transparent pixels."""


def read_still(path: Path) -> Rgb:
    """uint8 [H, W, 3], at most KEPT pixels long. Raises SourceError for what is no picture, or a broken one."""
    from PIL import Image, ImageOps

    if path.is_fifo():  # would be waited for
        raise SourceError(f"{path}: cannot be read as a picture (a pipe)")
    try:
        # Pillow warns on stderr, with lines of its code, of sizes that are refused here and of metadata that are cut.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as file:
                _require_size(path, *file.size)
                file.draft("RGB", (KEPT, KEPT))
                file.load()
                if max(file.size) > KEPT:  # before the copies that follow
                    file.thumbnail((KEPT, KEPT), Image.Resampling.BILINEAR, reducing_gap=2.0)
                turned: Image.Image = ImageOps.exif_transpose(file)
    except SourceError:
        raise
    except Exception as e:  # decoders raise a different type for every way a file can be broken
        raise SourceError(f"{path}: cannot be read as a picture ({_said(e)})") from None
    return np.array(flat(turned))


def _require_size(path: Path, width: int, height: int) -> None:
    if min(width, height) < SMALLEST:
        raise SourceError(f"{path}: {width} x {height} pixels, less than {SMALLEST}")
    if width * height > MOST_PIXELS:
        raise SourceError(f"{path}: {width} x {height} pixels, more than {MOST_PIXELS:,}; make it smaller")


def _said(e: Exception) -> str:
    return " ".join(str(e).split()) or type(e).__name__


def flat(picture: Image) -> Image:
    """Grey, palette, CMYK, 16 bits, transparent: any mode as RGB."""
    from PIL import Image

    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.asarray(picture, np.float32)
        low, high = float(values.min()), float(values.max())
        grey = ((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        behind = Image.new("RGBA", picture.size, (*BACKDROP, 255))
        return Image.alpha_composite(behind, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")
