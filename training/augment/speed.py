"""Speed and pitch together, by resampling: another speaker's voice out of the same recording."""

from __future__ import annotations

import numpy as np
import soxr


def speed(x: np.ndarray, rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """float32 [n] -> float32 [n / factor], the factor uniform in low..high (1.1: 10 % faster and higher)."""
    factor = rng.uniform(low, high)
    if abs(factor - 1) < 0.01 or len(x) < 64:
        return x
    return soxr.resample(x, 16_000 * factor, 16_000, quality="LQ").astype(np.float32)
