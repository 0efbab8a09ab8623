"""SOFTMAX over the last axis; int8 out in 1/256 with zero point -128."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Quantization, Shape, Tensor
from converters.ops import Op

if TYPE_CHECKING:
    import torch

DIFF_BITS, SUM_BITS = 5, 12
"""Integer bits of the scaled difference to the maximum, and of the sum of exponentials."""


@dataclass(frozen=True)
class Softmax(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SOFTMAX",)
    options: ClassVar[str] = "SoftmaxOptions"
    version: ClassVar[int] = 2
    fixed_output: ClassVar[Quantization | None] = Quantization((1 / 256,), (-128,))
    beta: float = 1.0

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x = values[0].astype(np.int64)
        real = min(self.beta * inputs[0].q.scale * (1 << (31 - DIFF_BITS)), float(fp.INT32_MAX))
        multiplier, left = fp.quantize_multiplier(real)
        diff = x - x.max(-1, keepdims=True)
        used = diff >= -fp.input_radius(DIFF_BITS, left)
        scaled = fp.high_mul(np.where(used, diff, 0) << left, multiplier)
        exps = fp.exp_on_negative_values(scaled, DIFF_BITS)
        total = np.where(used, fp.rescale(exps, 0, SUM_BITS), 0).sum(-1, keepdims=True)
        scale, over_unit = _reciprocal(total)
        quotient = fp.divide_by_pot(fp.high_mul(scale, exps), over_unit + 31 - 8) - 128
        return np.where(used, np.clip(quotient, -128, 127), -128).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return (values[0] * self.beta).softmax(-1)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.SoftmaxOptionsT()
        options.beta = self.beta
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(options.beta), len(inputs)


def _reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 / total in Q0.31, and the power of two taken out of it (GetReciprocal)."""
    headroom = np.vectorize(lambda v: 32 - max(1, math.frexp(float(v))[1]), otypes=[np.int64])(total)
    shifted = (total << headroom) - (1 << 31)
    return fp.one_over_one_plus(shifted), SUM_BITS - headroom
