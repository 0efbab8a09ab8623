"""Pictures of people with masks: a folder with img/ and mask/, files of one name and place belonging together."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.source.still import MOST_PIXELS, SMALLEST, flat
from training.data.audio import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
FOLDERS = (("img", "mask"), ("images", "masks"))
KEPT = 640
"""Pixels of the longer side that are kept: more than any network here sees."""
ASPECT_TOLERANCE = 0.02
WHITE = 128
"""From which value on a mask shows a person."""
MOST_CLASSES = 64
OTHER_SIZE = "mask of another size"


@dataclass(frozen=True)
class Picture:
    """A picture and where its people are."""

    rgb: np.ndarray
    """uint8 [H, W, 3]"""
    mask: np.ndarray
    """bool [H, W]"""


@cache
def pillow() -> Any:
    """Pillow's Image module; raises DataError where the extra is missing."""
    try:
        from PIL import Image
    except ImportError:
        raise DataError("pictures need Pillow: pip install 'nuthatch[train]'") from None
    # Pillow warns, with lines of its code, of sizes that are refused here and of metadata that are cut.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return Image


def open_picture(path: Path) -> Image:
    """RGB as it is meant to be seen: turned by EXIF, flattened, at most KEPT pixels long. Raises DataError."""
    return flat(_decoded(path, KEPT))


def _decoded(path: Path, kept: int | None) -> Image:
    """All pixels read; far larger pictures are read at a fraction where the format can."""
    from PIL import Image, ImageOps

    pillow()
    try:
        with Image.open(path) as file:
            if file.width * file.height > MOST_PIXELS:
                raise DataError(
                    f"{path}: {file.width} x {file.height} pixels, more than {MOST_PIXELS:,}; make it smaller"
                )
            if min(file.size) < SMALLEST:
                raise DataError(f"{path}: {file.width} x {file.height} pixels, less than {SMALLEST}; remove it")
            if kept:
                file.draft("RGB", (kept, kept))
            file.load()
            whole = file.copy()
            whole.info |= {"exif": file.info["exif"]} if "exif" in file.info else {}
            found: Image.Image = ImageOps.exif_transpose(whole)
    except DataError:
        raise
    except Exception as e:  # decoders raise a different type for every way a file can be broken
        raise DataError(f"{path}: cannot be read as a picture ({_said(e)}); remove it") from None
    if kept and max(found.size) > kept:
        found.thumbnail((kept, kept), Image.Resampling.LANCZOS)
    return found


def _said(e: Exception) -> str:
    return " ".join(str(e).split()) or type(e).__name__


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """bool [H, W] of a picture of (W, H) pixels. Raises DataError for a file of another aspect, or a broken one.

    White is the person, or whatever is not 0 where no value is above 1; in a transparent mask, what is opaque. One
    drawn over the picture before EXIF turned it cannot be told from one of another picture, and is refused; so is one
    of class numbers.
    """
    mask = _decoded(path, None)
    wanted, found = size[0] / size[1], mask.width / mask.height
    if abs(wanted / found - 1) > ASPECT_TOLERANCE + 2 / min(size):
        raise DataError(
            f"{path}: {mask.width} x {mask.height} pixels for a picture of {size[0]} x {size[1]}; "
            "draw the mask on the picture as it is shown"
        )
    values = _drawn(mask)
    most = int(values.max(initial=0))
    if 1 < most < WHITE:
        raise DataError(f"{path}: no white in it, {most} at most; draw people white, or 1 on 0")
    person = values >= min(WHITE, max(1, most))
    if _has_classes(mask, values):
        raise DataError(f"{path}: a mask of several classes; draw people white and all else black")
    if mask.size == size:
        return person
    resized = pillow().fromarray(person.astype(np.uint8) * 255).resize(size, pillow().Resampling.BILINEAR)
    return np.asarray(resized) > 127


def _has_classes(mask: Image, values: np.ndarray) -> bool:
    """Many colours, or numbers beside the 255 of an outline; soft edges are of more values or of fewer pixels."""
    if mask.mode == "P" and len(np.unique(np.asarray(mask))) > 2:
        return bool(np.ptp(np.asarray(mask.convert("RGB"), np.int32), axis=2).any())
    dark = (values > 0) & (values < WHITE)
    return bool(dark.sum() > (values >= WHITE).sum() > 0) and len(np.unique(values)) <= MOST_CLASSES


def _drawn(mask: Image) -> np.ndarray:
    """uint8 [H, W]: how white, or the numbers of a palette that has no light colour."""
    if "A" in mask.getbands():
        alpha = np.asarray(mask.getchannel("A"))
        if alpha.min() < alpha.max():
            return alpha
    if mask.mode.startswith("I") or mask.mode == "F":
        deep = np.asarray(mask, np.float32)
        most = deep.max(initial=0)
        return (deep * (255 / 65_535 if most > 255 else 255 if mask.mode == "F" and most <= 1 else 1)).astype(np.uint8)
    grey = np.asarray(mask.convert("L"))
    return np.asarray(mask) if mask.mode == "P" and grey.max(initial=0) < WHITE else grey


@dataclass
class Portraits:
    """The pairs of a folder; what cannot be read is counted by reason, and named once."""

    folder: Path
    pairs: list[tuple[Path, Path]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)
    """One line for each picture left out."""
    lines: dict[str, list[str]] = field(default_factory=dict)
    """Fault -> a line for each picture that has it, left out or not."""

    def __post_init__(self) -> None:
        self._top, masks = self._folders()
        by_name = {_name(p, masks): p for p in picture_files(masks)}
        names = set[str]()
        for picture in picture_files(self._top):
            name = self.name(picture)
            if name not in by_name:
                self._skip("no mask", f"{picture}: no mask of its name in {masks}; left out")
            elif name in names:
                self._skip("second of its name", f"{picture}: another picture has its name; left out")
            else:
                self.pairs.append((picture, by_name[name]))
                names.add(name)
        if not self.pairs:
            raise DataError(f"{self.folder}: no picture has a mask of the same name; give a folder with img/ and mask/")

    def _folders(self) -> tuple[Path, Path]:
        for picture, mask in FOLDERS:
            if (self.folder / picture).is_dir() and (self.folder / mask).is_dir():
                return self.folder / picture, self.folder / mask
        raise DataError(f"{self.folder}: no folders img and mask in it; give a folder with img/ and mask/")

    def name(self, picture: Path) -> str:
        """Where it lies in its folder, without the suffix: the split goes by it."""
        return _name(picture, self._top)

    def _skip(self, reason: str, line: str) -> None:
        self.skipped[reason] += 1
        self.named.append(line)
        self.lines.setdefault(reason, []).append(line)

    def read(self) -> Iterator[tuple[str, Picture]]:
        """(name, picture) of those that can be read."""
        for picture, mask in self.pairs:
            try:
                rgb = open_picture(picture)
                found = Picture(np.asarray(rgb), read_mask(mask, rgb.size))
            except DataError as e:
                self._skip("unreadable", str(e))
                continue
            drawn, shown = _size(mask), _size(picture)
            if sorted(drawn) != sorted(shown):
                line = f"{mask}: {drawn[0]} x {drawn[1]} pixels for {shown[0]} x {shown[1]}; resized"
                self.lines.setdefault(OTHER_SIZE, []).append(line)
            yield self.name(picture), found

    def faults(self) -> dict[str, dict[str, Any]]:
        """Fault -> how many pictures have it, and the first one's line; complete when all were read."""
        return {k: {"pictures": len(v), "first": v[0]} for k, v in self.lines.items()}


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _size(path: Path) -> tuple[int, int]:
    """Of the file as it is, before it is turned."""
    with pillow().open(path) as file:
        return int(file.width), int(file.height)


def picture_files(folder: Path) -> list[Path]:
    """All pictures below a folder, sorted; raises DataError for a missing one."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the path of one that holds pictures")
    walk = os.walk(folder, followlinks=True)
    return sorted(Path(top) / f for top, _, names in walk for f in names if f.lower().endswith(SUFFIXES))


def read_pictures(files: Iterable[Path], say: Callable[[str], None]) -> Iterator[tuple[Path, np.ndarray]]:
    """uint8 [H, W, 3] of each that can be read; at the end says how many cannot."""
    broken = 0
    for file in files:
        try:
            yield file, np.asarray(open_picture(file))
        except DataError:
            broken += 1
    if broken:
        say(f"{broken} pictures cannot be read, left out")


def resized(picture: Picture, height: int, width: int) -> Picture:
    """At a network's size, its aspect given up as on the device."""
    rgb = pillow().fromarray(picture.rgb).resize((width, height), pillow().Resampling.BILINEAR)
    soft = pillow().fromarray(picture.mask.astype(np.uint8) * 255).resize((width, height), pillow().Resampling.BILINEAR)
    return Picture(np.asarray(rgb), np.asarray(soft) > 127)
