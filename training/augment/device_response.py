"""A recording device: a microphone's impulse response, an equalizer of seven bands, limits of the band."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.augment.impulse_response import convolve, trim
from training.data.audio import RATE_HZ, read_audio

TAPS = 512
EQ_HZ = (80, 200, 500, 1_200, 2_500, 4_500, 7_500)


@dataclass(frozen=True)
class Device:
    """A name and float32 [n], its filter at 16 kHz; an empty filter changes nothing."""

    name: str
    response: np.ndarray

    def hear(self, x: np.ndarray) -> np.ndarray:
        """float32 [n] as this device records it, same length and level."""
        return convolve(x, self.response) if len(self.response) else x


REFERENCE = Device("A", np.zeros(0, np.float32))


def make_device(path: Path, eq_db: float) -> Device:
    """The device of an impulse response; its equalizer (within +-`eq_db`) and band limits depend on the name only."""
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(path.stem.encode()).digest()[:8], "big"))
    response = trim(read_audio(path).astype(np.float32) / 32768, TAPS / RATE_HZ)
    return Device(path.stem, trim(convolve_whole(response, equalizer(rng, eq_db)), 2 * TAPS / RATE_HZ))


def equalizer(rng: np.random.Generator, eq_db: float) -> np.ndarray:
    """float32 [TAPS], linear phase: a smooth random gain over frequency, band-limited at random ends."""
    frequencies = np.fft.rfftfreq(TAPS, 1 / RATE_HZ)
    gains_db = np.interp(np.log(frequencies + 1), np.log(np.array(EQ_HZ) + 1), rng.uniform(-eq_db, eq_db, len(EQ_HZ)))
    low_hz, high_hz = rng.uniform(20, 200), rng.uniform(5_000, 8_000)
    gains_db -= 12 * np.log2(np.maximum(low_hz / (frequencies + 1), 1))  # 12 dB an octave
    gains_db -= 48 * np.log2(np.maximum(frequencies / high_hz, 1))
    return np.roll(np.fft.irfft(10 ** (gains_db / 20), TAPS), TAPS // 2).astype(np.float32) * np.hanning(TAPS)


def convolve_whole(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Both filters one after the other, float32 [len(a) + len(b) - 1]."""
    return np.convolve(a, b).astype(np.float32)
