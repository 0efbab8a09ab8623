"""What operators on single 8-bit values share: their result for each of the 256 inputs is known before flashing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from converters import fixed_point as fp
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op

if TYPE_CHECKING:
    from converters.target import Target

INTEGER_BITS = 4
"""Of the fixed-point inputs of LOGISTIC and TANH."""


@dataclass(frozen=True)
class Table(Op):
    """An element-wise operator of one input."""

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        """TFLM's result for the integers x (int64)."""
        raise NotImplementedError

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return self.mapped(values[0].astype(np.int64), inputs[0], output).astype(output.dtype)

    def entries(self, source: Tensor, output: Tensor) -> np.ndarray:
        """[256]: the result for each byte, in the order of the bytes' unsigned values."""
        return self.reference([_bytes(source.dtype)], [source], output)

    def view_of(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bool:
        x, y = inputs[0], outputs[0]
        if not {x.dtype, y.dtype} <= {"int8", "uint8"}:
            return False
        return bool((self.entries(x, y).view(np.uint8) == np.arange(256)).all())

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return table_kernel(self.entries(inputs[0], outputs[0]), inputs[0], outputs[0], target)


def _bytes(dtype: str) -> np.ndarray:
    return np.arange(256).astype(np.uint8).view(dtype)


def table_kernel(entries: np.ndarray, x: Tensor, y: Tensor, target: Target) -> Kernel:
    """y = entries[x]; four bytes at a time where the table only clamps and the core can."""
    n = int(np.prod(y.shape))
    low, high = int(entries.min()), int(entries.max())
    clamps = x.dtype == y.dtype == "int8" and (entries == np.clip(_bytes("int8"), low, high)).all()
    if clamps and "dsp" in target.isas:
        fields = {"n": n, "low4": low % 256 * 0x01010101, "high4": high % 256 * 0x01010101}
        return Kernel("nh_clamp4_s8", "include/clamp_dsp.h", "nh_clamp4_t", fields, in_place=(0,), variant="clamp")
    table = entries.view(np.int8)
    return Kernel("nh_lut_s8", "include/lut.h", "nh_lut_t", {"n": n, "table": table}, in_place=(0,), variant="table")


def fixed_point_input(x: np.ndarray, scale: float, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """function(x * scale) in Q0.31 for an input with INTEGER_BITS; its limits where x does not fit."""
    mantissa, left = math.frexp(scale * (1 << (31 - INTEGER_BITS)))
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    radius = fp.input_radius(INTEGER_BITS, left)
    x = np.clip(x, -radius, radius)
    inside = np.abs(x) < radius
    y = function(fp.multiply(np.where(inside, x, 0), multiplier, left))
    far = np.where(x > 0, fp.INT32_MAX, function(np.array(fp.INT32_MIN + 1)))
    return np.where(inside, y, far)
