"""TAU Urban Acoustic Scenes, Mobile (Heittola et al. 2020): scenes of several cities through several devices.

`meta.csv` has the columns filename, scene_label, identifier (city and place) and source_label (device), separated by
tabs; the official split lies in `evaluation_setup/fold1_{train,evaluate}.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from training.data.audio import DataError
from training.data.clip import Clip

TABLE = "meta.csv"
TRAIN, TEST = "evaluation_setup/fold1_train.csv", "evaluation_setup/fold1_evaluate.csv"


def device_of(path: Path) -> str:
    """a, b, c, s1 .. s6: the last field of `<scene>-<city>-<place>-<segment>-<device>.wav`."""
    return path.stem.rpartition("-")[2]


def moment_of(path: Path) -> str:
    """What all devices heard at the same time: the name without the device."""
    return path.stem.rpartition("-")[0]


@dataclass(frozen=True)
class Tau:
    folder: Path

    @property
    def clips(self) -> list[Clip]:
        rows = _rows(self.folder / TABLE, "filename", "scene_label", "identifier")
        return [Clip(self._audio(name), label, place) for name, label, place in rows]

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        """The official one; clips in neither list are left out, as the task has it."""
        clips = {str(c.path.relative_to(self.folder)): c for c in self.clips}
        return {
            "train": [self._listed(clips, name, TRAIN) for (name,) in _rows(self.folder / TRAIN, "filename")],
            "calibration": [],
            "test": [self._listed(clips, name, TEST) for (name,) in _rows(self.folder / TEST, "filename")],
        }

    def _audio(self, name: str) -> Path:
        path = self.folder / name
        if not path.is_file():
            raise DataError(f"{path}: named in {TABLE} but missing; unpack all archives of the data set")
        return path

    def _listed(self, clips: dict[str, Clip], name: str, file: str) -> Clip:
        if name not in clips:
            raise DataError(f"{self.folder / file}: lists {name}, which {TABLE} does not; take both of one release")
        return clips[name]


def _rows(table: Path, *columns: str) -> list[tuple[str, ...]]:
    """The table's columns, row by row."""
    try:
        with table.open(newline="", encoding="utf-8") as f:
            rows = [tuple(r[c] for c in columns) for r in csv.DictReader(f, delimiter="\t")]
    except OSError as e:
        raise DataError(f"{table}: cannot be read ({e.strerror}); unpack the data set's meta archive") from None
    except KeyError as e:
        raise DataError(f"{table}: has no column {e}; it needs {', '.join(columns)}, separated by tabs") from None
    except (UnicodeDecodeError, csv.Error) as e:
        raise DataError(f"{table}: not a table ({e}); take it again from the data set") from None
    if not rows or not all(value for row in rows for value in row):
        raise DataError(f"{table}: empty, or a row lacks one of {', '.join(columns)}; take it again from the data set")
    return rows
