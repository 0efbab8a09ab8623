"""Folders of any other sound: speech, other words, music, noise; what a detector must not react to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import soundfile

from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.split import part_of

# The layouts whose file names say who speaks or which recording was cut; else the file is its own source.
_SOURCES = (
    re.compile(r"^(?:[a-z]+_)?([0-9a-f]{6,})_nohash_\d+$"),  # Speech Commands
    re.compile(r"^(\d{8})_NO_\d+$"),  # Arabic Speech Commands
    re.compile(r"^(\d+)-\d+-\d{4}$"),  # LibriSpeech: speaker-chapter-utterance
    re.compile(r"^\d-(\d+)-[A-Z]$"),  # ESC: fold-source-take
    re.compile(r"^\d_([a-z]+)_\d+$"),  # Free Spoken Digits
)


def source_of(path: Path) -> str:
    """Speaker or source recording of a file, from its name."""
    for pattern in _SOURCES:
        match = pattern.match(path.stem)
        if match:
            return match[1]
    return f"{path.parent.name}/{path.stem}"


@dataclass(frozen=True)
class Sounds:
    """Every file below the folder, cut into segments of at most `segment_s`."""

    folder: Path
    label: str
    segment_s: float = 2.0
    weight: float = 1.0

    @property
    def clips(self) -> list[Clip]:
        clips: list[Clip] = []
        for path in audio_files(Path(self.folder)):
            try:
                seconds = soundfile.info(path).duration
            except (soundfile.LibsndfileError, RuntimeError) as e:
                raise DataError(f"{path}: cannot be read as audio ({e}); remove it or convert it to WAV") from None
            clips += self._segments(path, seconds)
        return clips

    def _segments(self, path: Path, seconds: float) -> list[Clip]:
        n = max(1, round(seconds / self.segment_s))
        word = f"{self.folder.name}/{path.parent.name}" if seconds < 1.2 else ""
        return [
            Clip(path, self.label, source_of(path), word, i * seconds / n, seconds / n, "anywhere", self.weight)
            for i in range(n)
        ]

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        parts: dict[str, list[Clip]] = {"train": [], "calibration": [], "test": []}
        for clip in self.clips:
            parts[part_of(clip.speaker, salt)].append(clip)
        return parts
