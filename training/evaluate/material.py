"""The recordings a stream is made of, taken from folders so that nothing trained on is among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.audio import RATE_HZ, DataError, read_audio
from training.data.clip import Clip
from training.data.sounds import Sounds
from training.data.wake_words import WakeWords
from training.evaluate.stream import Sound

WHOLE_S = 1e9
"""Segment length that keeps recordings whole."""


@dataclass(frozen=True)
class Folders:
    """Where recordings lie. Of the first three, the part of the split that is asked for is taken."""

    keyword: Path
    background: tuple[Path, ...] = ()
    noise: tuple[Path, ...] = ()
    unseen: tuple[Path, ...] = ()
    """Background that no training saw: half of its sources to calibrate, half to report."""

    @property
    def names(self) -> str:
        """For the record: folder names, not paths."""
        return ", ".join(f.name for f in (self.keyword, *self.background, *self.unseen, *self.noise))


@dataclass(frozen=True)
class Material:
    """What `stream.build` takes."""

    keywords: list[Sound]
    background: list[Sound]
    noise: list[Sound]


def load(folders: Folders, word: str, part: str, salt: str = "") -> Material:
    """The calibration or the test part of the folders; raises DataError where a kind has none."""
    keywords = WakeWords(folders.keyword, word).split(salt)[part]
    if not keywords:
        raise DataError(f"{folders.keyword}: no clip falls into its {part} part; it needs about 50 clips")
    background = [c for f in folders.background for c in Sounds(f, "", WHOLE_S).split(salt)[part]]
    background += [c for f in folders.unseen for c in Sounds(f, "", WHOLE_S).clips if half_of(c.speaker) == part]
    noise = [c for f in folders.noise for c in Sounds(f, "", WHOLE_S).split(salt)[part]]
    return Material(
        _sounds(keywords, word),
        _sounds(_without(background, folders, word)),
        _sounds(noise),
    )


def refuse_trained(training: Mapping[str, Any], *parts: str) -> None:
    """Raises DataError when the model of these facts has learnt from one of the parts."""
    if learnt := set(parts) & set(training.get("parts", ())):
        raise DataError(
            f"the model learnt from the {' and '.join(sorted(learnt))} part of its recordings; "
            "measure one of the same recipe that was trained without"
        )


def split_name(training: Mapping[str, Any]) -> str:
    """Salt of the split that the model of these facts was trained with."""
    return str(training.get("salt", ""))


def half_of(key: str) -> str:
    """calibration or test, for recordings that need no training part."""
    return ("calibration", "test")[hashlib.sha256(f"half/{key}".encode()).digest()[0] & 1]


def _sounds(clips: Sequence[Clip], label: str = "") -> list[Sound]:
    return [Sound(f"{c.path.parent.name}/{c.path.name}", _cut(c), label) for c in clips]


def _cut(clip: Clip) -> np.ndarray:
    audio = read_audio(clip.path)
    first = int(clip.start_s * RATE_HZ)
    return audio[first:] if clip.duration_s is None else audio[first : first + round(clip.duration_s * RATE_HZ)]


def _without(clips: Iterable[Clip], folders: Folders, word: str) -> list[Clip]:
    """Background must not say the word: not by its folder's name and not by its transcript."""
    spoken = word.replace("_", " ").lower()
    texts = {stem: text for f in (*folders.background, *folders.unseen) for stem, text in _transcripts(f)}
    own = folders.keyword.resolve()
    return [
        c
        for c in clips
        if own not in c.path.resolve().parents
        and c.path.parent.name != word
        and spoken not in texts.get(c.path.stem, "").lower()
    ]


def _transcripts(folder: Path) -> Iterable[tuple[str, str]]:
    """(file stem, text) of the tables beside the recordings: `stem<tab>text` or `stem: text` lines."""
    for table in sorted(p for p in folder.rglob("*transcripts*") if p.suffix in (".tsv", ".txt")):
        for line in table.read_text("utf-8", errors="replace").splitlines():
            stem, _, text = line.partition("\t" if "\t" in line else ":")
            yield stem.strip(), text
