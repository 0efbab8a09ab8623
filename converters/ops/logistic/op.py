"""LOGISTIC; int8 out in 1/256 with zero point -128."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Quantization, Shape, Tensor
from converters.ops import Op

if TYPE_CHECKING:
    import torch

INTEGER_BITS = 4


@dataclass(frozen=True)
class Logistic(Op):
    builtins: ClassVar[tuple[str, ...]] = ("LOGISTIC",)
    version: ClassVar[int] = 2
    fixed_output: ClassVar[Quantization | None] = Quantization((1 / 256,), (-128,))

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        table = self.table(inputs[0].q)
        return table[values[0].astype(np.int64) + 128]

    def table(self, q: Quantization) -> np.ndarray:
        """The int8 result for each int8 input, -128 first: what a kernel computes value by value."""
        mantissa, left = math.frexp(q.scale * (1 << (31 - INTEGER_BITS)))
        multiplier = math.floor(mantissa * 2**31 + 0.5)
        radius = fp.input_radius(INTEGER_BITS, left)
        x = np.arange(-128, 128) - q.zero_point
        inside = np.abs(x) < radius
        y = fp.logistic(fp.multiply(np.where(inside, x, 0), multiplier, left), INTEGER_BITS)
        result = np.clip(fp.divide_by_pot(y, 31 - 8) - 128, -128, 127)
        return np.where(x <= -radius, -128, np.where(x >= radius, 127, result)).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].sigmoid()
