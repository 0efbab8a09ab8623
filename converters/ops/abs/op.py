"""ABS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Abs(Table):
    builtins: ClassVar[tuple[str, ...]] = ("ABS",)
    options: ClassVar[str] = "AbsOptions"
    version: ClassVar[int] = 2

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        value = np.abs(x - source.q.zero_point)
        if np.float32(source.q.scale) != np.float32(output.q.scale):
            value = fp.multiply(value, *fp.quantize_multiplier(source.q.scale / output.q.scale))
        return np.clip(value + output.q.zero_point, -128, 127)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].abs()
