"""Sound files: whatever libsndfile reads (wav, flac, ogg, opus, mp3, aiff, ...), any rate, any channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.source.error import SourceError
from edge.source.resampler import Resampler
from edge.source.source import RATE_HZ, Samples

BLOCK_MS = 200
REALTIME_BLOCK_MS = 60
"""As a microphone gives them."""


class File:
    """A file's samples; ``realtime`` gives them no faster than they would sound. ``channel``: None mixes all."""

    def __init__(self, path: Path | str, realtime: bool = False, channel: int | None = None) -> None:
        self.path = Path(path)
        self.realtime = realtime
        self._file = _open(self.path)
        try:
            self._resampler = Resampler(self._file.samplerate, self._file.channels, channel)
        except SourceError as e:
            self.close()
            raise SourceError(f"{self.path}: {e}") from None

    def __iter__(self) -> Iterator[Samples]:
        started, given = time.monotonic(), 0
        for block in self._blocks():
            given += len(block)
            if self.realtime:
                # a block is there when its last sample has sounded
                time.sleep(max(0.0, started + given / RATE_HZ - time.monotonic()))
            yield block
        if given == 0:
            raise SourceError(f"{self.path}: holds no samples; give a file with sound in it")

    def _blocks(self) -> Iterator[Samples]:
        import soundfile

        frames = self._file.samplerate * (REALTIME_BLOCK_MS if self.realtime else BLOCK_MS) // 1000
        try:
            while len(samples := self._file.read(frames, dtype="float32", always_2d=True)):
                yield self._resampler.push(samples)
        except (soundfile.SoundFileError, RuntimeError) as e:
            raise SourceError(f"{self.path}: breaks off ({_reason(e)}); encode it again") from None
        yield self._resampler.finish()

    def close(self) -> None:
        self._file.close()


def _open(path: Path) -> Any:
    if not path.exists():
        raise SourceError(f"{path}: no such file; --source takes a sound file, mic, or - for raw samples")
    if path.is_dir():
        raise SourceError(f"{path}: a folder; give one of its sound files")
    if path.stat().st_size == 0 and path.is_file():
        raise SourceError(f"{path}: 0 bytes; give a file with sound in it")
    try:
        import soundfile
    except (ImportError, OSError) as e:
        raise SourceError(f"{path}: libsndfile cannot be loaded ({e}); apt install libsndfile1") from None
    try:
        return soundfile.SoundFile(str(path))
    except (soundfile.SoundFileError, TypeError, ValueError, OSError) as e:
        raise SourceError(
            f"{path}: no sound file that libsndfile reads ({_reason(e)}); raw samples go through --source -"
        ) from None


def _reason(error: Exception) -> str:
    """libsndfile's words without the path, which the line has already."""
    text = " ".join(str(getattr(error, "error_string", error)).split())
    return text.rstrip(". ") or type(error).__name__
