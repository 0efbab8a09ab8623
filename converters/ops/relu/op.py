"""RELU, where it cannot be fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Shape, Tensor
from converters.ops import Op, clamp

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Relu(Op):
    builtins: ClassVar[tuple[str, ...]] = ("RELU",)
    version: ClassVar[int] = 2

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        multiplier, shift = fp.quantize_multiplier(inputs[0].q.scale / output.q.scale)
        x = fp.multiply(values[0].astype(np.int64) - inputs[0].q.zero_point, multiplier, shift)
        return clamp(x, "RELU", output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].relu()
