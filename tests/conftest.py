"""What several test files need: small folders of recordings in the layouts that the readers take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

# The same examples every time, and no verdict from a clock: a busy machine is not a defect.
settings.register_profile("nuthatch", deadline=None, derandomize=True)
settings.load_profile("nuthatch")

RATE_HZ = 16_000


def tone(pitch_hz: float, seconds: float, seed: int) -> np.ndarray:
    """float32 [n]: a decaying harmonic tone in a little noise; a different one for every seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    harmonics = sum(np.sin(2 * np.pi * pitch_hz * k * t) / k for k in range(1, 6))
    envelope = np.exp(-((t - seconds / 2) ** 2) / (2 * (0.12 * seconds) ** 2))
    return (0.2 * harmonics * envelope + 0.003 * rng.standard_normal(len(t))).astype(np.float32)


@pytest.fixture(scope="session")
def commands_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speech Commands layout: three words, `_unknown_`, `_silence_`; eight speakers, two clips each."""
    root = tmp_path_factory.mktemp("commands")
    for w, (word, pitch_hz) in enumerate({"yes": 200, "no": 320, "up": 500, "_unknown_": 130, "_silence_": 0}.items()):
        (root / word).mkdir()
        for speaker in range(8):
            for n in range(2):
                name = f"{speaker:02x}abcdef_nohash_{n}.wav"
                if word == "_unknown_":
                    name = f"bird_{name}"
                x = tone(pitch_hz * (1 + 0.02 * speaker) or 1, 1.0, 1000 * w + 10 * speaker + n)
                soundfile.write(root / word / name, x if pitch_hz else 0.01 * x, RATE_HZ)
    return root


@pytest.fixture(scope="session")
def wake_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `hey` (24 clips of a wake word) and `esc10` (12 of other sound) beside it."""
    root = tmp_path_factory.mktemp("wake")
    for name, pitch_hz, seconds, count in (("hey", 300, 2.0, 24), ("esc10", 90, 3.0, 12)):
        (root / name).mkdir()
        for i in range(count):
            soundfile.write(root / name / f"{i:03d}.wav", tone(pitch_hz + 2 * i, seconds, i), RATE_HZ)
    return root
