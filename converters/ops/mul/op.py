"""MUL with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops import activate, activation_limits, clamp
from converters.ops.broadcast import Activated, Operands

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Mul(Activated):
    builtins: ClassVar[tuple[str, ...]] = ("MUL",)
    options: ClassVar[str] = "MulOptions"
    version: ClassVar[int] = 2

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        a, b = (v.astype(np.int64) - t.q.zero_point for v, t in zip(values, inputs, strict=True))
        return clamp(fp.multiply(a * b, *_multiplier(inputs, output)), self.activation, output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return activate(values[0] * values[1], self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape))

    def pair_kernel(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor, target: Target) -> Kernel:
        a, b = operands.tensors
        multiplier, shift = _multiplier(inputs, y)
        low, high = activation_limits(self.activation, y.q)
        fields: dict[str, Field] = {**operands.fields, "a_zero": a.q.zero_point, "b_zero": b.q.zero_point}
        fields |= {"multiplier": multiplier, "y_zero": y.q.zero_point, "low": low, "high": high}
        if shift >= 0 or multiplier == 0:
            return self._kernel(operands, "mul_wide", "mul/op.c", fields | {"shift": shift})
        isa = target.isa
        name, source = ("mul", "mul/op.c") if isa == "portable" else (f"mul_{isa}", f"mul/op_{isa}.c")
        return self._kernel(operands, name, source, fields | {"shift": -shift})

    def _kernel(self, operands: Operands, name: str, source: str, fields: dict[str, Field]) -> Kernel:
        return Kernel(operands.function(name), source, "nh_mul_t", fields, in_place=operands.in_place)


def _multiplier(inputs: Sequence[Tensor], output: Tensor) -> tuple[int, int]:
    return fp.quantize_multiplier(inputs[0].q.scale * inputs[1].q.scale / output.q.scale)
