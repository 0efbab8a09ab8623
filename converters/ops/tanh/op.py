"""TANH; int8 out in 1/128 with zero point 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Quantization, Tensor
from converters.ops.table import INTEGER_BITS, Table, fixed_point_input

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Tanh(Table):
    builtins: ClassVar[tuple[str, ...]] = ("TANH",)
    version: ClassVar[int] = 2
    fixed_output: ClassVar[Quantization | None] = Quantization((1 / 128,), (0,))

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        y = fixed_point_input(x - source.q.zero_point, source.q.scale, lambda q4: fp.tanh(q4, INTEGER_BITS))
        return np.clip(fp.divide_by_pot(y, 31 - 7), -128, 127)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].tanh()
