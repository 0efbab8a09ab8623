"""Level of the recording."""

from __future__ import annotations

import numpy as np


def gain(x: np.ndarray, rng: np.random.Generator, low_db: float, high_db: float) -> np.ndarray:
    """float32 [n] scaled by a gain uniform in dB."""
    return x * np.float32(10 ** (rng.uniform(low_db, high_db) / 20))
