"""A sum of two rescaled int8 values as one linear form, taken only when it is right for every pair.

TFLM rescales each operand to 20 bits of fraction, adds, and rescales the sum: three roundings. Nearly always
``(a * ma + b * mb + c) >> shift`` gives the same int8 for all 65,536 pairs, because the roundings move the sum less
than it is away from the next half. Whether it does is not argued but looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

SHIFTS = range(22, 14, -1)
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Linear:
    """y = (((a * ma) >> drop) + ((b * mb) >> drop) + c) >> shift, clamped."""

    ma: int
    mb: int
    c: int
    shift: int


def linear(
    a: np.ndarray, b: np.ndarray, results: np.ndarray, reals: tuple[float, float], limits: tuple[int, int], drop: int
) -> Linear | None:
    """The form with the most bits that gives ``results`` [len(a), len(b)] for all pairs, or None.

    ``reals`` are the operands' scales in steps of the output, ``limits`` the clamp; ``drop`` 8 is what SMLAWB does.
    """
    low, high = limits
    y = results.astype(np.int64)
    a, b = a.astype(np.int64), b.astype(np.int64)
    for shift in SHIFTS:
        for ma, mb in _near(reals[0] * 2 ** (shift + drop), reals[1] * 2 ** (shift + drop), 1 if drop else 4):
            if max(abs(ma), abs(mb)) > LARGEST:
                continue
            sums = ((a * ma) >> drop)[:, None] + ((b * mb) >> drop)[None]
            # What c may be: results at a limit of the clamp bind on one side only.
            least = np.where(y > low, (y << shift) - sums, -LARGEST).max()
            most = np.where(y < high, ((y + 1) << shift) - 1 - sums, LARGEST).min()
            c = int(least + most) // 2
            if least <= most and _fits(a * ma >> drop, b * mb >> drop, c):
                return Linear(ma, mb, c, shift)
    return None


def _near(a: float, b: float, reach: int) -> Iterator[tuple[int, int]]:
    """Whole numbers about a and b, the nearest pairs first."""
    steps = sorted(product(range(-reach, reach + 1), repeat=2), key=lambda s: s[0] ** 2 + s[1] ** 2)
    return ((round(a) + i, round(b) + j) for i, j in steps)


def _fits(a: np.ndarray, b: np.ndarray, c: int) -> bool:
    """No term and no sum, in either order of the operands, leaves 32 bits."""
    terms = [(int(v.min()), int(v.max())) for v in (a, b)]
    one = [c + v for ends in terms for v in ends]
    both = [c + terms[0][i] + terms[1][i] for i in (0, 1)]
    return max(abs(v) for v in (c, *terms[0], *terms[1], *one, *both)) <= LARGEST
