"""Background sound at a random signal-to-noise ratio."""

from __future__ import annotations

import numpy as np


def rms(x: np.ndarray) -> float:
    """Root mean square of float32 [n]; never zero."""
    return float(np.sqrt(np.mean(x.astype(np.float64) ** 2)) + 1e-9)


def cut(sound: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of n samples, repeated where the sound is shorter."""
    if len(sound) < n:
        sound = np.tile(sound, -(-n // len(sound)))
    first = rng.integers(0, len(sound) - n + 1)
    return sound[first : first + n]


def coloured(n: int, rng: np.random.Generator) -> np.ndarray:
    """float32 [n] noise whose power falls with a random slope: white (0) to brown (2)."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.arange(1, len(spectrum) + 1)
    return np.fft.irfft(spectrum / f ** (rng.uniform(0, 2) / 2), n).astype(np.float32)


def add_noise(x: np.ndarray, noise: np.ndarray, rng: np.random.Generator, low_db: float, high_db: float) -> np.ndarray:
    """float32 [n] with noise [n] at a ratio uniform in dB, measured on the loudest half of the signal."""
    level = np.sqrt(np.mean(np.sort(x.astype(np.float64) ** 2)[len(x) // 2 :])) + 1e-9
    return x + noise * np.float32(level / rms(noise) * 10 ** (-rng.uniform(low_db, high_db) / 20))
