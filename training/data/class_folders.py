"""Any folder of classes: one folder a class, its recordings somewhere below."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.sounds import source_of
from training.data.split import part_of

PARTS = ("train", "calibration", "test")


def label_of(folder: str) -> str:
    """Label of a folder's name: `001 - Dog bark`, `001_-_Dog_bark` and `Dog bark` are all dog_bark.

    Letters of any alphabet stay, or folders that differ in nothing else would be one class.
    """
    text = re.sub(r"^\d+[\s_-]+(?=\D)", "", unicodedata.normalize("NFC", folder).strip())
    return re.sub(r"[^0-9a-z\x80-\U0010ffff]+", "_", text.lower()).strip("_") or folder


@dataclass(frozen=True)
class ClassFolders:
    """Files whose names tell no source are sources of their own."""

    folder: Path

    @property
    def clips(self) -> list[Clip]:
        """All of them; raises DataError for a file outside the classes, or fewer than two classes."""
        return [Clip(path, label, source_of(path)) for path, label in labelled_files(self.folder)]

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        """Sources by a hash of their names: 70, 15 and 15 %."""
        parts: dict[str, list[Clip]] = {p: [] for p in PARTS}
        for clip in self.clips:
            parts[part_of(clip.speaker, salt)].append(clip)
        return parts


def labelled_files(folder: Path) -> list[tuple[Path, str]]:
    """(path, label) of every file in a class folder."""
    found = []
    for path in audio_files(folder):
        below = path.relative_to(folder).parts
        if len(below) < 2:
            raise DataError(f"{path}: lies in no class folder; move it into one that is named after its class")
        found.append((path, label_of(below[0])))
    labels = {label for _, label in found}
    if len(labels) < 2:
        raise DataError(f"{folder}: holds the one class {next(iter(labels))!r}; give a folder with two or more")
    return found
