"""Cheap forms of a requantization, and the proof that they are exact.

Of an accumulator the output is a staircase: v or more from ``first[v]`` on. Another rising function of it, such as
(f(acc) + offset) >> shift, is the same staircase between the limits when it is at v or above at ``first[v]`` and
below v at ``first[v] - 1``, for every v; which of all offsets do that is an interval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


def scaling(
    stairs: Staircase,
    f: Callable[[np.ndarray, np.ndarray], np.ndarray],
    nearest: np.ndarray,
    shift: np.ndarray,
) -> Scaling | None:
    """The first multiplier about the ``nearest`` [O] that has an offset, for each channel; None when one has none.

    ``f`` takes accumulators [O, n] and multipliers [O, 1]; its sum with the offset must stay within int32.
    """
    r = stairs.requantization
    multiplier, offset = nearest.copy(), np.zeros_like(nearest)
    open_ = np.ones(len(nearest), bool)
    for i in range(TRIES):
        tried = np.where(open_, nearest + (i + 1) // 2 * (1 if i % 2 else -1), multiplier)
        least, greatest = stairs.offsets(partial(_apply, f, tried), shift)
        found = open_ & (least <= greatest)
        multiplier = np.where(found, tried, multiplier)
        offset = np.where(found, _between(least, greatest), offset)
        open_ &= ~found
        if not open_.any():
            break
    ends = np.stack([r.lowest, r.highest], 1)
    sums = f(ends, multiplier[:, None]) + offset[:, None]
    fits = (np.abs(sums) < 2**31).all() and (np.abs(offset) < 2**31).all()
    return Scaling(multiplier, offset, shift) if fits and not open_.any() else None


def _between(least: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """The middle of intervals; the end of those with one, 0 of those with none."""
    low = np.where(least == -NEVER, np.where(greatest == NEVER, 0, greatest), least)
    high = np.where(greatest == NEVER, low, greatest)
    return (low + high) // 2


def _apply(f: Callable[[np.ndarray, np.ndarray], np.ndarray], multiplier: np.ndarray, acc: np.ndarray) -> np.ndarray:
    return f(acc, multiplier[:, None])
