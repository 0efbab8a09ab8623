"""ESC-10 and ESC-50 (Piczak 2015): environmental sounds in five folds that keep a source recording together.

Two layouts: class folders with `<fold>-<source>-<take>.ogg` (ESC-10), and `audio/` beside `meta/esc50.csv`. The
classes of both have the names of ESC-10's folders where they are among them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from training.data.audio import DataError
from training.data.class_folders import labelled_files
from training.data.clip import Clip

FOLDS = (1, 2, 3, 4, 5)
TABLE = "meta/esc50.csv"
_NAME = re.compile(r"^([1-5])-(\d+)-[A-Z](?:-\d+)?$")
_TEN = {
    "dog": "dog_bark", "crying_baby": "baby_cry", "sneezing": "person_sneeze", "crackling_fire": "fire_crackling",
}  # fmt: skip
"""Category of esc50.csv -> name of the same class in ESC-10."""


def is_esc(path: Path) -> bool:
    """Whether a file is named as ESC's are."""
    return _NAME.match(path.stem) is not None


def fold_of(path: Path) -> int:
    """1..5, from the file's name."""
    return int(_parts(path)[1])


def _parts(path: Path) -> re.Match[str]:
    match = _NAME.match(path.stem)
    if match is None:
        raise DataError(f"{path}: not named <fold 1-5>-<source>-<take> as ESC's files are; rename or remove it")
    return match


@dataclass(frozen=True)
class Esc:
    """`test_fold` is the test part, the other folds are for training; 0: all of them are."""

    folder: Path
    test_fold: int = 0

    @property
    def clips(self) -> list[Clip]:
        table = self.folder / TABLE
        files = _table(table) if table.is_file() else labelled_files(self.folder)
        return [Clip(path, label, _parts(path)[2]) for path, label in files]

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        clips = self.clips
        there = sorted({fold_of(c.path) for c in clips})
        if self.test_fold and self.test_fold not in there:
            raise DataError(f"{self.folder}: has no fold {self.test_fold}; there are {', '.join(map(str, there))}")
        return {
            "train": [c for c in clips if fold_of(c.path) != self.test_fold],
            "calibration": [],
            "test": [c for c in clips if fold_of(c.path) == self.test_fold],
        }


def _table(table: Path) -> list[tuple[Path, str]]:
    """(path, label) of esc50.csv; what the table names and the disk has not is an error."""
    try:
        with table.open(newline="", encoding="utf-8") as f:
            rows = [(r["filename"], r["category"]) for r in csv.DictReader(f)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as e:
        raise DataError(f"{table}: not ESC-50's table ({e}); take it again from the data set") from None
    if not all(name and category for name, category in rows):
        raise DataError(f"{table}: a row lacks its filename or category; take it again from the data set")
    audio = table.parent.parent / "audio"
    missing = [name for name, _ in rows if not (audio / name).is_file()]
    if missing or not rows:
        raise DataError(f"{audio}: {len(missing)} of the {len(rows)} files of {TABLE} are missing, {missing[:1]}")
    return [(audio / name, _TEN.get(category, category)) for name, category in rows]
