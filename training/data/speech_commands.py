"""The Speech Commands folder layout: one folder a word, `<speaker>_nohash_<n>` as file names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.split import part_of

SILENCE, UNKNOWN, NOISE = "_silence_", "_unknown_", "_background_noise_"
COMMANDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
_NAME = re.compile(r"^(?:(?P<word>[a-z]+)_)?(?P<speaker>[0-9a-f]{6,})_nohash_\d+$")


@dataclass(frozen=True)
class SpeechCommands:
    """Clips of a folder in this layout.

    A word that is not among `words` gets the label `_unknown_`. The official lists, where the folder holds
    them, say which clips validate and test; otherwise the speaker in the file name does, never the clip.
    """

    folder: Path
    words: tuple[str, ...] = COMMANDS

    @cached_property
    def clips(self) -> list[Clip]:
        folder = Path(self.folder)
        files = [p for p in audio_files(folder) if p.parent.name != NOISE]
        if not files:
            raise DataError(f"{folder}: holds only {NOISE}; give a folder with one folder for each word")
        if all(p.parent == folder for p in files):
            raise DataError(f"{folder}: its audio lies in no class folder; give a folder with one folder for each word")
        clips = [self._clip(p) for p in files if p.parent != folder]
        self._refuse_single(clips)
        return clips

    def _clip(self, path: Path) -> Clip:
        folder = path.parent.name
        match = _NAME.match(path.stem)
        speaker = match["speaker"] if match else f"{folder}/{path.stem}"
        label = folder if folder in (*self.words, SILENCE) else UNKNOWN
        word = (match["word"] if match and match["word"] else folder) if label == UNKNOWN else folder
        return Clip(path, label, speaker, word=word)

    @staticmethod
    def _refuse_single(clips: list[Clip]) -> None:
        counts: dict[str, int] = {}
        for c in clips:
            counts[c.path.parent.name] = counts.get(c.path.parent.name, 0) + 1
        for name, n in counts.items():
            if n == 1:
                raise DataError(f"class {name} has one clip; it needs at least 2, add clips or remove the folder")

    @cached_property
    def _official(self) -> dict[str, str]:
        """Relative path -> part, from the official lists."""
        parts: dict[str, str] = {}
        for name, part in (("validation_list.txt", "calibration"), ("testing_list.txt", "test")):
            file = Path(self.folder) / name
            if file.is_file():
                parts |= {
                    line.strip().rsplit(".", 1)[0]: part for line in file.read_text().splitlines() if line.strip()
                }
        return parts

    def part(self, clip: Clip, salt: str = "") -> str:
        """train, calibration (validation) or test."""
        if self._official:
            key = f"{clip.path.parent.name}/{clip.path.stem}"
            return self._official.get(key, "train")
        return part_of(clip.speaker, salt)

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        """{"train": [...], "calibration": [...], "test": [...]}."""
        parts: dict[str, list[Clip]] = {"train": [], "calibration": [], "test": []}
        for clip in self.clips:
            parts[self.part(clip, salt)].append(clip)
        return parts
