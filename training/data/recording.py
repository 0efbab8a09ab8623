"""A file as it was found: its sound, and what about it is not as a network would wish."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from training.data.audio import RATE_HZ, DataError, read_audio

SILENT_PEAK = 16
"""Of int16: about -66 dBFS, below what any microphone's own noise is."""
CLIPPED_SHARE = 1e-3
"""Of the samples at full scale."""
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Recording:
    """`audio` is int16 [n] at 16 kHz, None where it could not be read; `why` is then the line that says so."""

    audio: np.ndarray | None
    faults: tuple[str, ...]
    why: str = ""


def recording(path: Path, samples: int) -> Recording:
    """Never raises for what is in the file; `samples` is the window that it is to fill."""
    try:
        audio, info = read_audio(path), soundfile.info(path)
    except (DataError, soundfile.LibsndfileError, RuntimeError) as e:
        return Recording(None, (UNREADABLE,), str(e))
    peak = np.abs(audio.astype(np.int32))
    found = {
        "several channels": info.channels > 1,
        # Opus is decoded at 48 kHz, whatever was put into it.
        "another rate": info.samplerate != RATE_HZ and info.subtype != "OPUS",
        "short": len(audio) < samples,
        "silent": int(peak.max()) < SILENT_PEAK,
        "clipped": float((peak >= 32767).mean()) >= CLIPPED_SHARE,
    }
    return Recording(audio, tuple(fault for fault, there in found.items() if there))
