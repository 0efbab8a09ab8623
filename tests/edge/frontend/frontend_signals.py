"""Signals and configurations that the front end's tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.frontend import FrontendConfig

CONFIGS = {
    "default": FrontendConfig(),
    "scene": FrontendConfig(window_ms=130, hop_ms=20, fft_size=4096, bands=256, low_hz=50, high_hz=8000),
    "smallest": FrontendConfig(window_ms=4, hop_ms=2, fft_size=64, bands=13),
    "narrow_bands": FrontendConfig(window_ms=7, hop_ms=3, fft_size=128, bands=256, low_hz=0, high_hz=8000, offset=9000),
    "odd_window": FrontendConfig(sample_rate_hz=11_025, window_ms=23, hop_ms=7, fft_size=256, high_hz=5_500),
    "hop_is_window": FrontendConfig(window_ms=32, hop_ms=32, fft_size=1024, bands=1),
    "padded": FrontendConfig(window_ms=10, hop_ms=10, fft_size=2048, bands=64, shift=0, offset=-3),
}
SECOND = 16_000


def speech() -> NDArray[np.int16]:
    path = Path(__file__).parents[2] / "data" / "yes.opus"
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == SECOND
    return samples


def noise(level_db: float, seed: int = 0) -> NDArray[np.int16]:
    """White noise of that RMS level in dB relative to full scale."""
    rms = 32768 * 10 ** (level_db / 20)
    return np.random.default_rng(seed).normal(0, rms, SECOND).round().clip(-32768, 32767).astype(np.int16)


def _square(half_period: int) -> NDArray[np.int16]:
    high = np.arange(SECOND) // half_period % 2 == 0
    return np.where(high, 32767, -32768).astype(np.int16)


def _impulse(value: int) -> NDArray[np.int16]:
    samples = np.zeros(SECOND, np.int16)
    samples[SECOND // 2] = value
    return samples


def lcg() -> NDArray[np.int16]:
    """A signal made of integers alone, the same on every machine: a generator's bits, louder and louder."""
    state, samples = 1, []
    for n in range(SECOND):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        samples.append(((state >> 16) - 32768) >> max(0, 14 - n // 1000))
    return np.array(samples, np.int16)


SIGNALS: dict[str, Callable[[], NDArray[np.int16]]] = {
    "speech": speech,
    "noise_0db": lambda: noise(0),
    "noise_-40db": lambda: noise(-40),
    "noise_-70db": lambda: noise(-70),
    "noise_-90db": lambda: noise(-90),
    "silence": lambda: np.zeros(SECOND, np.int16),
    "lowest": lambda: np.full(SECOND, -32768, np.int16),
    "square_nyquist": lambda: _square(1),
    "square_500hz": lambda: _square(16),
    "square_odd": lambda: _square(37),
    "impulse_up": lambda: _impulse(32767),
    "impulse_down": lambda: _impulse(-32768),
    "impulse_least": lambda: _impulse(1),
}
