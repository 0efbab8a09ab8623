"""Place a sound in a window."""

from __future__ import annotations

import numpy as np


def place(x: np.ndarray, n: int, first: int) -> np.ndarray:
    """float32 [n] that holds x from sample `first` on (may be negative), zeros around it."""
    y = np.zeros(n, np.float32)
    a, b = max(0, first), min(n, first + len(x))
    if a < b:
        y[a:b] = x[a - first : b - first]
    return y
