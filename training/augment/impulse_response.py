"""Rooms and microphones: convolution with an impulse response."""

from __future__ import annotations

import numpy as np
from scipy.signal import fftconvolve


def trim(response: np.ndarray, seconds: float = 0.5) -> np.ndarray:
    """From the strongest sample on, at most `seconds`, with unit energy."""
    first = int(np.argmax(np.abs(response)))
    cut = response[first : first + int(seconds * 16_000)].astype(np.float32)
    return cut / np.float32(np.sqrt(np.sum(cut**2)) + 1e-9)


def convolve(x: np.ndarray, response: np.ndarray) -> np.ndarray:
    """float32 [n] as heard through the response, same length and level."""
    y = fftconvolve(x, response)[: len(x)].astype(np.float32)
    level = np.sqrt(np.mean(x**2) + 1e-12) / np.sqrt(np.mean(y**2) + 1e-12)
    return y * np.float32(level)


def room(rng: np.random.Generator) -> np.ndarray:
    """A drawn room: a direct path, a few early reflections, a decaying tail (T60 0.1 to 0.6 s).

    After the exponential-decay model of late reverberation (Polack); enough to vary a recording, not a
    simulation of a place.
    """
    t60, n = rng.uniform(0.1, 0.6), 8_000
    t = np.arange(n) / 16_000
    tail = rng.standard_normal(n) * np.exp(-6.9 * t / t60)
    tail *= rng.uniform(0.05, 0.5) / np.sqrt(np.sum(tail**2))
    response = np.where(t < rng.uniform(0.002, 0.01), 0, tail)
    response[0] = 1.0
    for _ in range(rng.integers(0, 5)):
        response[rng.integers(20, 600)] += rng.uniform(-0.4, 0.4)
    return trim(response)
