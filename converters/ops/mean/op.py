"""MEAN over axes. Its int8 kernels are biased by up to 3/4 of a step: tracing prefers AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops.reduce import Reduction

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Total(Reduction):
    """A rescaled sum; ``divided``: by how many values it is of."""

    divided: ClassVar[bool] = False

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        total = values[0].astype(np.int64).sum(self.axes, keepdims=self.keep_dims)
        total = total - inputs[0].q.zero_point * self.count(inputs)
        y = fp.multiply(total, *self._multiplier(inputs, output)) + output.q.zero_point
        return np.clip(y, -128, 127).astype(np.int8)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        multiplier, shift = self._multiplier(inputs, y)
        fields: dict[str, Field] = {**self.loops(x), "bias": -x.q.zero_point * self.count(inputs)}
        fields |= {"multiplier": multiplier, "shift": shift, "y_zero": y.q.zero_point}
        return Kernel("nh_mean_s8", "mean/op.c", "nh_mean_t", fields)

    def _multiplier(self, inputs: Sequence[Tensor], output: Tensor) -> tuple[int, int]:
        multiplier, shift = fp.quantize_multiplier(inputs[0].q.scale / output.q.scale)
        # The kernel divides within the multiplier: count folded in as 1 / 2**k (QuantizedMeanOrSum).
        return fold_count(multiplier, shift, self.count(inputs)) if self.divided else (multiplier, shift)


@dataclass(frozen=True)
class Mean(Total):
    builtins: ClassVar[tuple[str, ...]] = ("MEAN",)
    divided: ClassVar[bool] = True

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].mean(self.axes, keepdim=self.keep_dims)


def fold_count(multiplier: int, shift: int, count: int) -> tuple[int, int]:
    """multiplier / count with as many bits as stay within 32."""
    bits = min(63 - (64 - count.bit_length()), 32, 31 + shift)
    bits = max(bits, 0)
    return (multiplier << bits) // count, shift - bits
