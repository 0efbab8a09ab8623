"""The weights that SINet's authors published -> a bundle, made where it is used: this package ships none of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converters.error import ConvertError
from converters.portrait import Portrait, write_bundle

if TYPE_CHECKING:
    from edge.manifest import Manifest

SOURCE = "ext_portrait_segmentation, result/SINet/SINet.pth (Park et al. 2020)"
CALIBRATION_PICTURES = 64


def import_sinet(weights: Path, out: Path, pictures: Path | None, qat_epochs: int = 0) -> Manifest:
    """``pictures`` is a folder of pictures like those of its use, which set the int8 ranges; drawn ones without it.

    Raises ConvertError for weights of something else.
    """
    from training.data.audio import DataError
    from training.models.sinet import INPUT_SCALE
    from training.sinet_weights import for_pixels, published

    try:
        network = for_pixels(published(weights), INPUT_SCALE)
        seen = _read(pictures) if pictures else _drawn()
    except DataError as e:
        raise ConvertError(str(e)) from None
    facts = {
        "model": {"kind": "sinet"},
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "calibration": pictures.name if pictures else "drawn pictures",
    }
    licence = {"data": "SINet weights", "licence": "MIT", "source": SOURCE}
    portrait = Portrait(
        network, seen, INPUT_SCALE, "People in pictures: SINet as published", [licence], [], facts
    )  # fmt: skip
    return write_bundle(portrait, out, qat_epochs=qat_epochs)


def _read(folder: Path) -> np.ndarray:
    """int8 [N, 224, 224, 3] of some of a folder's pictures; those that cannot be read are left out."""
    from training.data.audio import DataError
    from training.data.portraits import open_picture, picture_files
    from training.sinet_weights import SIZE

    files = picture_files(folder)
    found = []
    for i in np.random.default_rng(0).permutation(len(files)):
        try:
            found.append(np.asarray(open_picture(files[i]).resize((SIZE, SIZE))))
        except DataError:
            continue
        if len(found) == CALIBRATION_PICTURES:
            break
    if not found:
        raise DataError(f"{folder}: holds no picture that can be read; give another folder")
    return _int8(np.stack(found))


def _drawn() -> np.ndarray:
    from training.data.drawn_portraits import drawn
    from training.sinet_weights import SIZE

    rng = np.random.default_rng(0)
    return _int8(np.stack([drawn(rng, SIZE).rgb for _ in range(CALIBRATION_PICTURES)]))


def _int8(rgb: np.ndarray) -> np.ndarray:
    return (rgb.astype(np.int16) - 128).astype(np.int8)
