"""RELU6, where it cannot be fused; TFLM's kernel clamps and does not rescale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.ops import activation_limits
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Relu6(Table):
    builtins: ClassVar[tuple[str, ...]] = ("RELU6",)
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        return np.clip(x, *activation_limits("RELU6", source.q))

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].clamp(0, 6)
