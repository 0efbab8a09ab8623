"""What turns accumulators into int8, made at compile time: constants, and bounds that prove cheap forms exact.

With a zero point z folded into the bias, acc = bias' + sum(w * x) for bias' = bias - z * sum(w); positions that
are padding must then hold z. TFLM's MultiplyByQuantizedMultiplier of an accumulator is

    h = (acc * multiplier + 2**30) >> 31        (any sign; gemmlowp's truncation with a signed nudge is this floor)
    y = (h + 2**(e-1) + (h >> 31)) >> e         (e = -shift >= 1; halves away from zero)

and sign(acc) may stand for sign(h): they differ only at h = 0, where both give y = 0. So with twice the
accumulator, ``(2 * acc * multiplier + ((c + (acc >> 31)) << 32) + 2**31) >> (32 + e)`` is the output with its zero
point for c = (2 * zero_point + 1) << (e - 1): one SMMLAR or SMLAL, one shift. ``narrow`` says where that holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from converters import fixed_point as fp
from converters.graph import Quantization


@dataclass(frozen=True, eq=False)
class Requantization:
    """Per output channel [O], all int64."""

    bias: np.ndarray
    """bias' (zero point of the input folded in)."""
    multiplier: np.ndarray
    shift: np.ndarray
    """As QuantizeMultiplier gives them; positive: left."""
    lowest: np.ndarray
    highest: np.ndarray
    """What bias' + sum(w * x) can be over all int8 inputs."""
    largest_sum: np.ndarray
    """Of the absolute value of sum(w * x), bias' left aside, over any part of a window, in any order."""
    zero_point: int
    """Of the output."""

    @cached_property
    def bound(self) -> np.ndarray:
        """Of the accumulator's absolute value, in any order of summation."""
        return np.abs(self.bias) + self.largest_sum

    @cached_property
    def right(self) -> np.ndarray:
        """e of the narrow form: the right shift, 1 where the output is the zero point for any input."""
        return np.where(self._silent, 1, np.maximum(-self.shift, 0))

    @cached_property
    def factor(self) -> np.ndarray:
        """Multiplier of the narrow form, 0 where the output is the zero point for any input."""
        return np.where(self._silent, 0, self.multiplier)

    @cached_property
    def narrow(self) -> bool:
        """``nh_requantize`` is exact: right shifts only, and no sum leaves 32 bits."""
        rounding = np.abs(2 * self.zero_point + 1) << np.maximum(self.right - 1, 0)
        return bool((self.right >= 1).all() and (self.bound < 2**30).all() and (self.bound + rounding < 2**31).all())

    @cached_property
    def uniform(self) -> bool:
        """One multiplier and shift for all channels."""
        return len(set(zip(self.factor.tolist(), self.right.tolist(), strict=True))) == 1

    @cached_property
    def _silent(self) -> np.ndarray:
        zero = [fp.multiply(v, self.multiplier, self.shift) == 0 for v in (self.lowest, self.highest)]
        return zero[0] & zero[1] & (self.bound < 2**30)


def requantization(
    weights: np.ndarray,
    bias: np.ndarray | None,
    x: Quantization,
    reals: np.ndarray | Sequence[float],
    y: Quantization,
) -> Requantization:
    """For weights int8 [O, ...] (output channel first) and one real multiplier for each output channel.

    ``reals`` are x.scale * w.scale / y.scale in the precision of the operator's kernel, float64 [O] or [1].
    """
    flat = weights.reshape(len(weights), -1).astype(np.int64)
    folded = (0 if bias is None else bias.astype(np.int64)) - x.zero_point * flat.sum(1)
    multiplier, shift = fp.quantize_multipliers(np.broadcast_to(np.asarray(reals, np.float64), len(flat)))
    positive, negative = np.maximum(flat, 0).sum(1), np.minimum(flat, 0).sum(1)
    lowest, highest = -128 * positive + 127 * negative, 127 * positive - 128 * negative
    largest = 128 * (positive - negative)
    return Requantization(folded, multiplier, shift, folded + lowest, folded + highest, largest, y.zero_point)


def int32(values: np.ndarray) -> np.ndarray:
    """Modulo 2**32, as the accumulators of the kernels wrap."""
    return values.astype(np.int64).astype(np.uint32).view(np.int32)
