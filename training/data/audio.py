"""Audio files to int16 mono at 16 kHz."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile
import soxr

RATE_HZ = 16_000
SUFFIXES = (".wav", ".flac", ".opus", ".ogg", ".mp3")


class DataError(Exception):
    """Data that cannot be used; the text names the file or folder and the remedy in one line."""


def read_audio(path: Path) -> np.ndarray:
    """int16 [n], mono, 16 kHz. Raises DataError for a file that is missing, broken or empty."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as e:
        raise DataError(f"{path}: cannot be read as audio ({e}); remove it or convert it to WAV") from None
    if len(samples) == 0:
        raise DataError(f"{path}: holds no samples; remove it")
    mono = samples.mean(axis=1)
    if not np.isfinite(mono).all():
        raise DataError(f"{path}: holds samples that are no numbers; remove it or make it again")
    if rate_hz != RATE_HZ:
        mono = soxr.resample(mono, rate_hz, RATE_HZ)
    return to_int16(mono)


def to_int16(samples: np.ndarray) -> np.ndarray:
    """float [n] in -1..1 -> int16 [n], saturating."""
    return np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)


def audio_files(folder: Path) -> list[Path]:
    """All audio files below a folder, sorted; raises DataError for a missing or empty folder."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the path of one that holds audio")
    walk = os.walk(folder, followlinks=True)  # collections are often put together out of links
    files = sorted(Path(top) / f for top, _, names in walk for f in names if f.lower().endswith(SUFFIXES))
    if not files:
        raise DataError(f"{folder}: holds no audio files ({', '.join(SUFFIXES)}); give another folder")
    return files
