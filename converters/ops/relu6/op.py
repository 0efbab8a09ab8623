"""RELU6, where it cannot be fused; TFLM's kernel clamps and does not rescale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Shape, Tensor
from converters.ops import Op, activation_limits

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Relu6(Op):
    builtins: ClassVar[tuple[str, ...]] = ("RELU6",)
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return np.clip(values[0], *activation_limits("RELU6", output.q)).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].clamp(0, 6)
