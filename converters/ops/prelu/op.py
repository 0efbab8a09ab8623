"""PRELU: what is negative times its own alpha."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops import clamp
from converters.ops.broadcast import Broadcast, Operands

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Prelu(Broadcast):
    builtins: ClassVar[tuple[str, ...]] = ("PRELU",)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x, alpha = (v.astype(np.int64) - t.q.zero_point for v, t in zip(values, inputs, strict=True))
        positive, negative = _multipliers(inputs, output)
        return clamp(np.where(x >= 0, fp.multiply(x, *positive), fp.multiply(x * alpha, *negative)), "NONE", output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].relu() - values[1] * (-values[0]).relu()

    def pair_kernel(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor, target: Target) -> Kernel:
        if operands.swapped:
            raise ConvertError(f"{y.name}: PRELU of a constant; replace it by its result in the model")
        x, alpha = inputs
        positive, negative = _multipliers(inputs, y)
        fields: dict[str, Field] = {**operands.fields, "x_zero": x.q.zero_point, "alpha_zero": alpha.q.zero_point}
        fields |= {"y_zero": y.q.zero_point, "positive": positive, "negative": negative}
        return Kernel(operands.function("prelu"), "prelu/op.c", "nh_prelu_t", fields, in_place=operands.in_place)


def _multipliers(inputs: Sequence[Tensor], output: Tensor) -> tuple[tuple[int, int], tuple[int, int]]:
    """(multiplier, shift) of values from zero, and of products with alpha."""
    x, alpha = inputs
    positive = fp.quantize_multiplier(x.q.scale / output.q.scale)
    return positive, fp.quantize_multiplier(x.q.scale * alpha.q.scale / output.q.scale)
