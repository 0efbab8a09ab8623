"""ELU; TFLM makes a table of it in float32 when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Elu(Table):
    builtins: ClassVar[tuple[str, ...]] = ("ELU",)

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        real = np.float32(source.q.scale) * (x - source.q.zero_point).astype(np.float32)
        # expm1 in float64, rounded once: what a good expm1f gives.
        real = np.where(real < 0, np.expm1(np.minimum(real, 0).astype(np.float64)).astype(np.float32), real)
        scaled = real * (np.float32(1) / np.float32(output.q.scale))
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)
        return np.clip(rounded.astype(np.int64) + output.q.zero_point, -128, 127)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.nn.functional.elu(values[0])
