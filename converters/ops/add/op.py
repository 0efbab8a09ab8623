"""ADD with broadcasting, and what SUB shares with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops import activate, activation_limits, clamp
from converters.ops.add.linear import linear
from converters.ops.broadcast import EVERY, Activated, Operands

if TYPE_CHECKING:
    import torch

    from converters.target import Target

LEFT_SHIFT = 20
FORMS = (("mve", 0, "add/op_mve.c"), ("dsp", 8, "add/op_dsp.c"), ("portable", 0, "add/op.c"))
"""Instruction set, bits that its multiplication drops, source."""


@dataclass(frozen=True)
class Sum(Activated):
    """a + sign * b."""

    sign: ClassVar[int] = 1

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        twice_max = 2.0 * max(inputs[0].q.scale, inputs[1].q.scale)
        a, b = (_scaled(v, t, twice_max) for v, t in zip(values, inputs, strict=True))
        multiplier, shift = _output(twice_max, output)
        return clamp(fp.multiply(a + self.sign * b, multiplier, shift), self.activation, output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return activate(values[0] + self.sign * values[1], self.activation)

    def pair_kernel(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor, target: Target) -> Kernel:
        values, results = self.pairs(operands, inputs, y)
        a, b = operands.tensors
        sign_a, sign_b = (self.sign, 1) if operands.swapped else (1, self.sign)
        reals = sign_a * a.q.scale / y.q.scale, sign_b * b.q.scale / y.q.scale
        low, high = activation_limits(self.activation, y.q)
        for isa, drop, source in FORMS:
            form = linear(EVERY, values, results, reals, (low, high), drop) if isa in target.isas else None
            if form is not None:
                fields: dict[str, Field] = {**operands.fields, **vars(form), "low": low, "high": high}
                function = operands.function("add_linear" if isa == "portable" else f"add_linear_{isa}")
                return Kernel(function, source, "nh_add_linear_t", fields, 0, operands.in_place, variant="linear")
        fields = {**operands.fields, **_exact(operands, inputs, y), "low": low, "high": high}
        fields |= {"a.sign": sign_a, "b.sign": sign_b}
        function = operands.function("add")
        return Kernel(function, "add/op.c", "nh_add_t", fields, 0, operands.in_place, variant="three roundings")


@dataclass(frozen=True)
class Add(Sum):
    builtins: ClassVar[tuple[str, ...]] = ("ADD",)
    options: ClassVar[str] = "AddOptions"
    version: ClassVar[int] = 2


def _operand(tensor: Tensor, twice_max: float) -> tuple[int, int]:
    return fp.quantize_multiplier(tensor.q.scale / twice_max)


def _output(twice_max: float, output: Tensor) -> tuple[int, int]:
    return fp.quantize_multiplier(twice_max / ((1 << LEFT_SHIFT) * output.q.scale))


def _scaled(x: np.ndarray, tensor: Tensor, twice_max: float) -> np.ndarray:
    """One operand on the common scale, with 20 bits of fraction."""
    return fp.multiply((x.astype(np.int64) - tensor.q.zero_point) << LEFT_SHIFT, *_operand(tensor, twice_max))


def _exact(operands: Operands, inputs: Sequence[Tensor], y: Tensor) -> dict[str, Field]:
    """Members of ``nh_add_t``: TFLM's three rescalings, each as ``nh_requantize``."""
    twice_max = 2.0 * max(t.q.scale for t in inputs)
    fields: dict[str, Field] = {}
    for name, t in zip("ab", operands.tensors, strict=True):
        multiplier, shift = _operand(t, twice_max)
        # A multiplier of exactly 1/2 has no right shift, which the kernel needs: twice the operand, halved.
        fields |= {f"{name}.zero": t.q.zero_point, f"{name}.left": LEFT_SHIFT + (shift == 0)}
        fields |= {f"{name}.multiplier": multiplier, f"{name}.right": max(-shift, 1)}
    multiplier, shift = _output(twice_max, y)
    if shift >= 0:
        raise ConvertError(f"{y.name}: its scale {y.q.scale:g} is too small beside {twice_max / 2:g}")
    return fields | {"y_zero": y.q.zero_point, "multiplier": multiplier, "right": max(-shift, 1)}
