"""Masks for pictures of people that have none, by a segmenter that is given: a folder with img/ and mask/.

Only pictures that the segmenter is sure of are taken: few pixels in doubt, and the mirrored picture gives the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from training.data.audio import DataError
from training.data.portraits import open_picture, picture_files, pillow

SHARE = (0.03, 0.9)
"""Of the picture that people cover."""
IN_DOUBT = 0.45
"""Most pixels of between 0.15 and 0.85, as a share of the person's."""
MIRRORED = 0.85
"""Least IoU with the mask of the mirrored picture."""

Segmenter = Callable[[np.ndarray], np.ndarray]
"""uint8 [H, W, 3] -> the person's probability float32 [h, w]"""


def open_segmenter(path: Path) -> Segmenter:
    """A .tflite of float pictures in 0..1 whose output is a probability, as MediaPipe's selfie model is."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as e:
        raise DataError(f"{path}: not a model that LiteRT reads ({str(e).splitlines()[0]})") from None
    x, y = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if x["dtype"] != np.float32 or len(x["shape"]) != 4 or y["shape"][-1] != 1:
        raise DataError(f"{path}: takes {x['shape']}, gives {y['shape']}; a float picture and one probability expected")
    size = int(x["shape"][2]), int(x["shape"][1])

    def segment(rgb: np.ndarray) -> np.ndarray:
        picture = pillow().fromarray(rgb).resize(size, pillow().Resampling.BILINEAR)
        interpreter.set_tensor(x["index"], np.asarray(picture, np.float32)[None] / 255)
        interpreter.invoke()
        found: np.ndarray = interpreter.get_tensor(y["index"])[0, ..., 0]
        return found

    return segment


def mask_of(rgb: np.ndarray, segmenter: Segmenter) -> np.ndarray | None:
    """bool [h, w] of the segmenter's size, or None where it is not sure."""
    straight, mirrored = segmenter(rgb), segmenter(np.ascontiguousarray(rgb[:, ::-1]))[:, ::-1]
    a, b = straight > 0.5, mirrored > 0.5
    doubt = ((straight > 0.15) & (straight < 0.85)).sum() / max(1, a.sum())
    same = (a & b).sum() / max(1, (a | b).sum())
    if not SHARE[0] < a.mean() < SHARE[1] or doubt > IN_DOUBT or same < MIRRORED:
        return None
    result: np.ndarray = (straight + mirrored) > 1.0
    return result


def write_masks(pictures: Iterable[Path], segmenter: Segmenter, out: Path) -> dict[str, int]:
    """Writes img/ and mask/ into `out`; how many pictures were taken, unsure and unreadable."""
    counts: Counter[str] = Counter(taken=0, unsure=0, unreadable=0)
    for folder in ("img", "mask"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for path in pictures:
        try:
            rgb = np.asarray(open_picture(path))
        except DataError:
            counts["unreadable"] += 1
            continue
        mask = mask_of(rgb, segmenter)
        counts["unsure" if mask is None else "taken"] += 1
        if mask is not None:
            name = f"{path.parent.name}_{path.stem}.png"
            pillow().fromarray(rgb).save(out / "img" / name)
            _soft(mask, rgb.shape).save(out / "mask" / name)
    return dict(counts)


def _soft(mask: np.ndarray, shape: tuple[int, ...]) -> Any:
    """The mask at the picture's size."""
    whole = pillow().fromarray(mask.astype(np.uint8) * 255)
    return whole.resize((shape[1], shape[0]), pillow().Resampling.BILINEAR)


def _main(arguments: list[str] | None = None) -> None:
    """`python -m training.data.pseudo_masks --segmenter MODEL.tflite --out DIR PICTURE_OR_FOLDER ...`"""
    import argparse

    parser = argparse.ArgumentParser(description="Masks for pictures of people, by a segmenter that is given.")
    parser.add_argument("--segmenter", type=Path, required=True, help="a .tflite of float pictures and one probability")
    parser.add_argument("--out", type=Path, required=True, help="folder that gets img/ and mask/")
    parser.add_argument("pictures", type=Path, nargs="+", help="files, and folders with all that is in them")
    chosen = parser.parse_args(arguments)
    try:
        files = [f for p in chosen.pictures for f in (picture_files(p) if p.is_dir() else [p])]
        counts = write_masks(files, open_segmenter(chosen.segmenter), chosen.out)
    except (DataError, OSError) as e:
        parser.exit(1, f"pseudo_masks: {e}\n")
    print(", ".join(f"{n} {kind}" for kind, n in counts.items()))


if __name__ == "__main__":
    _main()
