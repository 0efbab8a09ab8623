"""Which reader a folder of labelled recordings needs: by what lies in it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from training.data import esc, tau
from training.data.audio import audio_files
from training.data.class_folders import ClassFolders
from training.data.clip import Clip


class Reader(Protocol):
    """What every reader of labelled clips offers."""

    @property
    def clips(self) -> list[Clip]: ...

    def split(self, salt: str = "") -> dict[str, list[Clip]]: ...


def reader(folder: Path, test_fold: int = 0) -> Reader:
    """TAU's for a folder with meta.csv, ESC's for its table or its file names, else class folders."""
    if (folder / tau.TABLE).is_file():
        return tau.Tau(folder)
    if (folder / esc.TABLE).is_file() or all(esc.is_esc(f) for f in audio_files(folder)):
        return esc.Esc(folder, test_fold)
    return ClassFolders(folder)
