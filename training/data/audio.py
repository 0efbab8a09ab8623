"""Audio files to int16 mono at 16 kHz."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE_HZ = 16_000
LOWEST_RATE_HZ = 1_000
"""Below it a header is damaged; at 1 Hz a small file would become hours of samples."""
SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")


class DataError(Exception):
    """Data that cannot be used; the text names the file or folder and the remedy in one line."""


def read_audio(path: Path) -> np.ndarray:
    """int16 [n > 0], mono, 16 kHz. Raises DataError for a file that is missing, broken or empty."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as e:
        raise DataError(f"{path}: cannot be read as audio ({e}); remove it or convert it to WAV") from None
    if rate_hz < LOWEST_RATE_HZ:
        raise DataError(f"{path}: says it has {rate_hz} samples a second; remove it or make it again")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise DataError(f"{path}: holds samples that are no numbers; remove it or make it again")
    if rate_hz != RATE_HZ:
        mono = soxr.resample(mono, rate_hz, RATE_HZ)
    if len(mono) == 0:  # also of a few samples at a higher rate
        raise DataError(f"{path}: holds no samples; remove it")
    return to_int16(mono)


def to_int16(samples: np.ndarray) -> np.ndarray:
    """float [n] in -1..1 -> int16 [n], saturating."""
    return np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)


def audio_files(folder: Path) -> list[Path]:
    """All audio files below a folder, sorted; raises DataError for a missing or empty folder."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the path of one that holds audio")
    files = sorted(top / f for top, names in _walk(folder) for f in names if f.lower().endswith(SUFFIXES))
    if not files:
        raise DataError(f"{folder}: holds no audio files ({', '.join(SUFFIXES)}); give another folder")
    return files


def _walk(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """(folder, names of its files). Links are followed, collections are often put together out of them; but not one
    to a folder that it lies in, or every file would be there again and again."""
    above: dict[Path, frozenset[Path]] = {}
    for path, folders, names in os.walk(folder, followlinks=True):
        top = Path(path)
        seen = above.pop(top, frozenset()) | {top.resolve()}
        folders[:] = [f for f in folders if (top / f).resolve() not in seen]
        above |= {top / f: seen for f in folders}
        yield top, names
