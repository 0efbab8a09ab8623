"""RELU, where it cannot be fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.ops import clamp
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Relu(Table):
    builtins: ClassVar[tuple[str, ...]] = ("RELU",)
    version: ClassVar[int] = 2

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        multiplier, shift = fp.quantize_multiplier(source.q.scale / output.q.scale)
        return clamp(fp.multiply(x - source.q.zero_point, multiplier, shift), "RELU", output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].relu()
