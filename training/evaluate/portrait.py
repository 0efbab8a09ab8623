"""IoU of a network that finds people, on a folder of pictures as it is: what is wrong with a file is named and counted.

Every network sees a picture at its own size and gives a probability, which is brought to 224 x 224 and compared there:
the band around the outline is then 15 pixels, whatever the network's size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge.manifest import Bundle
from training.data.audio import DataError
from training.data.heard import digest_of_file
from training.data.portraits import Picture, Portraits, pillow, resized
from training.data.split import part_of
from training.evaluate.segmentation import BAND_SIZE, segmentation

SIZE = BAND_SIZE
Segmenter = Callable[[np.ndarray], np.ndarray]
"""uint8 [H, W, 3] -> the person's probability float32 [h, w]"""
SPLITS = ("all", "test")
GROUPS = ("portrait-like", "others")
PORTRAIT_SHARE, PORTRAIT_FOOT = 0.2, 0.25


@dataclass
class Material:
    """Pictures at the size where they are compared, and the state of the files."""

    names: list[str] = field(default_factory=list)
    pictures: list[np.ndarray] = field(default_factory=list)
    """Each uint8 [H, W, 3], of any size."""
    masks: list[np.ndarray] = field(default_factory=list)
    """Each bool [SIZE, SIZE]."""
    digests: list[str] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Fault -> how many pictures have it, and a line about the first."""


def is_portrait_like(mask: np.ndarray) -> bool:
    """People cover a fifth of the picture or more, and a quarter of its lower border or more: they do not stand."""
    return bool(mask.mean() >= PORTRAIT_SHARE and mask[-1].mean() >= PORTRAIT_FOOT)


def material(folder: Path, split: str, training: Mapping[str, Any]) -> Material:
    """`test`: the parts of the split by name that the network of these facts did not learn from. Raises DataError."""
    if split not in SPLITS:
        raise DataError(f"pictures have no {split} part: nothing is chosen on them; take {' or '.join(SPLITS)}")
    portraits = Portraits(folder)
    if split == "test":
        portraits.pairs = [p for p in portraits.pairs if _held_out(portraits.name(p[0]), training)]
        if not portraits.pairs:
            raise DataError(f"{folder}: no picture is in its test part; take --split all")
    paths, found = {portraits.name(p): p for p, _ in portraits.pairs}, Material()
    for name, picture in portraits.read():
        found.names.append(name)
        found.pictures.append(picture.rgb)
        found.masks.append(resized(picture, SIZE, SIZE).mask)
        found.digests.append(digest_of_file(paths[name]))
    found.files = portraits.faults()
    if not found.names:
        raise DataError(f"none of the {len(portraits.pairs)} pictures can be used: {portraits.named[0]}")
    return found


def _held_out(name: str, training: Mapping[str, Any]) -> bool:
    return part_of(name, str(training.get("salt", ""))) not in training.get("parts", ("train",))


def bundle_segmenter(bundle: Bundle) -> Segmenter:
    """The bundle's int8 file in LiteRT, pictures squeezed to its size as on the device."""
    from edge.runtime.backend import open_picture

    network, output = open_picture(bundle), bundle.manifest.output

    def segment(rgb: np.ndarray) -> np.ndarray:
        seen = resized(Picture(rgb, np.zeros(rgb.shape[:2], bool)), network.height, network.width).rgb
        found = network.run((seen.astype(np.int16) - 128).astype(np.int8))
        return (found.astype(np.float32) - output.zero_point) * np.float32(output.scale)

    return segment


def mask_of(probability: np.ndarray) -> np.ndarray:
    """bool [SIZE, SIZE]"""
    image = pillow().fromarray(probability.astype(np.float32))
    return np.asarray(image.resize((SIZE, SIZE), pillow().Resampling.BILINEAR)) > 0.5


def masks_of(segmenter: Segmenter, pictures: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [mask_of(segmenter(rgb)) for rgb in pictures]


def groups(found: Material) -> Iterator[tuple[str, list[int]]]:
    """(name of the group, its pictures), those that have any."""
    like = [is_portrait_like(m) for m in found.masks]
    for name, wanted in zip(GROUPS, (True, False), strict=True):
        if indices := [i for i, v in enumerate(like) if v == wanted]:
            yield name, indices


def figures(guessed: Sequence[np.ndarray], found: Material) -> dict[str, Any]:
    """Over all pictures, and `groups` of them."""
    result = segmentation(guessed, found.masks)
    return result | {
        "groups": {
            name: segmentation([guessed[i] for i in indices], [found.masks[i] for i in indices])
            for name, indices in groups(found)
        }
    }


def measure(bundle: Bundle, data: Path, split: str) -> dict[str, Any]:
    """IoU with its interval, that in the band, and how many of the pictures were learnt from."""
    training = bundle.manifest.training
    found = material(data, split, training)
    result = figures(masks_of(bundle_segmenter(bundle), found.pictures), found)
    known = set(str(training.get("sources", "")).split())
    learnt = sum(d in known for d in found.digests) if known else None
    return result | {"split": split, "learnt_from": learnt, "files": found.files}


def remarks(result: Mapping[str, Any]) -> Iterator[str]:
    """What a reader should know of the figure: one line each."""
    for fault, of in result["files"].items():
        yield f"{of['pictures']} pictures: {fault}; the first: {of['first']}"
    if result["learnt_from"]:
        yield f"{result['learnt_from']} of {result['pictures']} pictures were learnt from; --split test leaves them out"


def text(result: Mapping[str, Any]) -> str:
    lines = [_row("IoU", result)]
    return "\n".join(lines + [_row(f"  {name}", row) for name, row in result["groups"].items()])


def _row(name: str, row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    edge = "" if row["boundary_iou"] is None else f"; in the band {row['boundary_iou']:.3f}"
    return f"{name} {row['iou']:.3f} [{low:.3f}, {high:.3f}]{edge}; {row['pictures']} pictures"
