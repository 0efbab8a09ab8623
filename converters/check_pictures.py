"""The parity ladder of a network for pictures: int8 graph, TFLM, LiteRT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from converters.check import Rung, Subject, judges
from converters.error import ConvertError
from converters.run import outputs
from edge.manifest import Manifest

PICTURES = 2
"""The integer reference takes seconds for each."""
TOLERANCE = 64
"""Steps of 1/256 by which a pixel of LiteRT may differ: of tens of thousands, the most undecided ones tip."""


def random_pictures(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """int8 [N, H, W, 3]: patches of colour with some grain, over the whole range."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, height // 16 + 1, width // 16 + 1, 3))
    patches = coarse.repeat(16, 1).repeat(16, 2)[:, :height, :width]
    grainy = patches + rng.normal(0, 12, patches.shape)
    return (np.clip(grainy, 0, 255).astype(np.int16) - 128).astype(np.int8)


def check_pictures(folder: Path, manifest: Manifest, count: int) -> Iterator[Rung]:
    """The rungs of a bundle for pictures, on drawn ones."""
    picture = manifest.picture
    assert picture is not None
    subject = Subject.read(folder / "model.tflite")
    found, wanted = subject.graph[subject.graph.inputs[0]].shape, (1, picture.height, picture.width, 3)
    if found != wanted:
        raise ConvertError(
            f"{folder}: model.tflite takes {list(found)}, the manifest says {list(wanted)}; convert again"
        )
    pictures = [p[None] for p in random_pictures(min(count, PICTURES), picture.height, picture.width)]
    masks = [outputs(subject.graph, [p])[0] for p in pictures]
    for name, tolerance, make, missing in judges():
        if make is None:
            yield Rung(subject.name, name, 0, tolerance, 0, 1.0, skipped=missing)
            continue
        judge = make(subject, False)
        allowed = TOLERANCE if tolerance else 0
        yield compare(subject.name, name, masks, [judge.run([p])[0] for p in pictures], allowed)


def compare(file: str, name: str, wanted: Sequence[np.ndarray], found: Sequence[np.ndarray], tolerance: int) -> Rung:
    """Of masks: "same label" is the share of pixels on the same side of one half."""
    a, b = np.stack(wanted).astype(np.int64), np.stack(found).astype(np.int64)
    return Rung(file, name, len(a), tolerance, int(np.abs(a - b).max()), float(((a > 0) == (b > 0)).mean()))
