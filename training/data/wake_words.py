"""A folder of clips of one wake word, without speaker names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from training.data.audio import DataError, audio_files
from training.data.clip import Clip
from training.data.sounds import source_of
from training.data.split import block_key, part_of


@dataclass(frozen=True)
class WakeWords:
    """Every file of the folder says the word once.

    Where the file names do not tell the speaker, neighbours in file order stay together.
    """

    folder: Path
    label: str

    @property
    def clips(self) -> list[Clip]:
        files = audio_files(Path(self.folder))
        if len(files) < 2:
            raise DataError(f"{self.folder}: holds one clip; a wake word needs at least 2, better 200")
        return [Clip(p, self.label, self._speaker(p, i), word=self.label, align="word") for i, p in enumerate(files)]

    def _speaker(self, path: Path, index: int) -> str:
        known = source_of(path)
        return f"{self.label}/{block_key(index)}" if known.endswith(f"/{path.stem}") else known

    def split(self, salt: str = "") -> dict[str, list[Clip]]:
        parts: dict[str, list[Clip]] = {"train": [], "calibration": [], "test": []}
        for clip in self.clips:
            parts[part_of(clip.speaker, salt)].append(clip)
        return parts
