"""Cheap forms of a requantization, and the proof that they are exact.

Of an accumulator the output is a staircase: v or more from ``first[v]`` on. Another rising function of it, such as
(f(acc) + offset) >> shift, is the same staircase between the limits when it is at v or above at ``first[v]`` and
below v at ``first[v] - 1``, for every v; which of all offsets do that is an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from converters import fixed_point as fp
from converters.requantize import Requantization

NEVER = 2**62
TRIES = 24
"""Multipliers beside the nearest that are tried for each channel."""


@dataclass(frozen=True, eq=False)
class Staircase:
    """Of each channel, for outputs from ``low`` to ``high``."""

    requantization: Requantization
    low: int
    high: int

    @cached_property
    def steps(self) -> np.ndarray:
        """[n]: low + 1 .. high."""
        return np.arange(self.low + 1, self.high + 1)

    @cached_property
    def first(self) -> np.ndarray:
        """[O, n]: the least accumulator whose output is a step or above; one more than the greatest where none is."""
        r, shape = self.requantization, (len(self.requantization.bias), len(self.steps))
        multiplier, shift = r.multiplier[:, None], r.shift[:, None]
        below = np.broadcast_to(r.lowest[:, None] - 1, shape)
        above = np.broadcast_to(r.highest[:, None] + 1, shape)
        while (above - below).max(initial=0) > 1:
            middle = (below + above) // 2
            reached = fp.multiply(middle, multiplier, shift) + r.zero_point >= self.steps
            # Where the search has ended, the middle is what lies below, and nothing may change.
            below, above = np.where(reached, below, middle), np.where(reached & (middle > below), middle, above)
        return above

    def offsets(self, f: Callable[[np.ndarray], np.ndarray], shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(least, greatest) offset of each channel [O]; none where they are the other way round.

        ``f`` takes accumulators [O, n]; ``shift`` is [O].
        """
        r = self.requantization
        unit = self.steps << shift[:, None]
        reached = self.first <= r.highest[:, None]
        missed = self.first - 1 >= r.lowest[:, None]
        least = np.where(reached, unit - f(self.first), -NEVER).max(1, initial=-NEVER)
        greatest = np.where(missed, unit - 1 - f(self.first - 1), NEVER).min(1, initial=NEVER)
        return least, greatest


@dataclass(frozen=True, eq=False)
class Scaling:
    """(f(acc) + offset) >> shift for a multiplier of f: [O] each."""

    multiplier: np.ndarray
    offset: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class Brief(Scaling):
    """(acc * coarse >> 8) + (acc * fine >> 16) + offset >> shift, ``negative`` added where acc < 0: [O] each.

    ``multiplier`` is coarse * 2**8 + fine.
    """

    negative: np.ndarray

    @property
    def coarse(self) -> np.ndarray:
        return self.multiplier >> 8

    @property
    def fine(self) -> np.ndarray:
        return self.multiplier & 255


def scaling(
    stairs: Staircase,
    f: Callable[[np.ndarray, np.ndarray], np.ndarray],
    nearest: np.ndarray,
    shift: np.ndarray,
) -> Scaling | None:
    """The first multiplier about the ``nearest`` [O] that has an offset, for each channel; None when one has none.

    ``f`` takes accumulators [O, n] and multipliers [O, 1]; its sum with the offset must stay within int32.
    """
    found = _search((stairs,), f, nearest, shift)
    return found and Scaling(found[0], found[1][0], shift)


def brief(stairs: Staircase) -> Brief | None:
    """Short products; None where they are not proved exact, or leave 32 bits. TFLM rounds halves away from zero:
    sums below zero have an offset of their own."""
    r = stairs.requantization
    size = np.maximum(np.abs(r.lowest), np.abs(r.highest))
    if (size >= 2**23).any():
        return None
    real = r.factor / 2.0 ** (31 + r.right)
    # The scaled sums fill int32, with room for an offset.
    shift = np.minimum(np.floor(30 - np.log2(size * real + 256)), 24).astype(np.int64)
    nearest = np.round(real * 2.0 ** (shift + 16)).astype(np.int64)
    parts = (
        replace(r, lowest=np.maximum(r.lowest, 0), highest=np.maximum(r.highest, 0)),
        replace(r, lowest=np.minimum(r.lowest, -1), highest=np.minimum(r.highest, -1)),
    )
    sides = tuple(Staircase(part, stairs.low, stairs.high) for part in parts)
    found = _search(sides, _short_products, nearest, shift)
    if found is None or (found[0] < 0).any():
        return None
    multiplier, (offset, below) = found
    made = Brief(multiplier, offset, shift, below - offset)
    largest = ((size >> 8) + 1) * made.coarse + 2**23 + np.abs(offset) + np.abs(made.negative)
    return made if (made.coarse < 2**24).all() and (largest < 2**31).all() else None


def _short_products(acc: np.ndarray, multiplier: np.ndarray) -> np.ndarray:
    return (acc * (multiplier >> 8) >> 8) + (acc * (multiplier & 255) >> 16)


def _search(
    parts: tuple[Staircase, ...],
    f: Callable[[np.ndarray, np.ndarray], np.ndarray],
    nearest: np.ndarray,
    shift: np.ndarray,
) -> tuple[np.ndarray, list[np.ndarray]] | None:
    """``scaling`` with one multiplier and for each part of the accumulators an offset: (multiplier, offsets)."""
    multiplier, offsets = nearest.copy(), [np.zeros_like(nearest) for _ in parts]
    open_ = np.ones(len(nearest), bool)
    for i in range(TRIES):
        tried = np.where(open_, nearest + (i + 1) // 2 * (1 if i % 2 else -1), multiplier)
        ends = [part.offsets(partial(_apply, f, tried), shift) for part in parts]
        found = open_ & np.logical_and.reduce([least <= greatest for least, greatest in ends])
        multiplier = np.where(found, tried, multiplier)
        offsets = [np.where(found, _between(*end), o) for end, o in zip(ends, offsets, strict=True)]
        open_ &= ~found
        if not open_.any():
            break
    for part, offset in zip(parts, offsets, strict=True):
        r = part.requantization
        sums = f(np.stack([r.lowest, r.highest], 1), multiplier[:, None]) + offset[:, None]
        if (np.abs(sums) >= 2**31).any() or (np.abs(offset) >= 2**31).any():
            return None
    return None if open_.any() else (multiplier, offsets)


def _between(least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """The middle of intervals; the end of those with one, 0 of those with none."""
    low = np.where(least == -NEVER, np.where(greatest == NEVER, 0, greatest), least)
    high = np.where(greatest == NEVER, low, greatest)
    return (low + high) // 2


def _apply(f: Callable[[np.ndarray, np.ndarray], np.ndarray], multiplier: np.ndarray, acc: np.ndarray) -> np.ndarray:
    return f(acc, multiplier[:, None])
