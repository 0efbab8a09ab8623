"""TFLM's logistic and tanh of int16, both from one table of the logistic function: Q3.12 in, Q0.15 out.

Names as in kernels/internal/reference/integer_ops/logistic.h and tanh.h.
"""

from __future__ import annotations

import numpy as np


def _table() -> np.ndarray:
    """65536 / (1 + exp(-i / 24)), moved by half of what a straight line to the next value would miss in its
    middle; the last is all that 16 bits hold."""
    at = np.arange(256)
    low, middle, high = (65536 / (1 + np.exp(-(at + part) / 24)) for part in (0, 0.5, 1))
    values = np.floor(low + (middle - (low + high) / 2) / 2 + 0.5)
    values[255] = 65535
    return values.astype(np.uint16)


SIGMOID_Q16 = _table()


def logistic_q15(x_q12: np.ndarray) -> np.ndarray:
    """int16 [...] -> int64 values of int16 [...]."""
    at = np.asarray(x_q12, np.int64) * 3
    value = _interpolated(np.abs(at), 9)
    return np.where(at >= 0, value + (1 << 9), (1 << 25) - value + (1 << 9) - 1) >> 10


def tanh_q15(x: np.ndarray, multiplier: int, shift: int) -> np.ndarray:
    """The same of tanh, as 2 * logistic(2 x) - 1; x * multiplier / 2**shift is 3 * 2**12 for 1."""
    at = (np.asarray(x, np.int64) * multiplier + ((1 << shift) >> 1)) >> shift
    value = _interpolated(np.abs(at), 8)
    return np.where(at >= 0, value - (1 << 23) + (1 << 7), (1 << 23) - value + (1 << 7) - 1) >> 8


def _interpolated(at: np.ndarray, bits: int) -> np.ndarray:
    """The table at a place with that many bits of fraction, and as many more bits in the result."""
    table, index = SIGMOID_Q16.astype(np.int64), np.minimum(at >> bits, 254)
    value = (table[index] << bits) + (at & ((1 << bits) - 1)) * (table[index + 1] - table[index])
    return np.where(at >> bits >= 255, (0x7FFF << 10 if bits == 9 else 0xFFFF << 8), value)
