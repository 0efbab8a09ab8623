"""LEAKY_RELU: alpha times what is negative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Tensor
from converters.ops import Op, clamp
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LeakyRelu(Table):
    builtins: ClassVar[tuple[str, ...]] = ("LEAKY_RELU",)
    options: ClassVar[str] = "LeakyReluOptions"
    version: ClassVar[int] = 2
    alpha: float = 0.2

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        # TFLM divides in float32.
        scale, out = np.float32(source.q.scale), np.float32(output.q.scale)
        x = x - source.q.zero_point
        positive = fp.multiply(x, *fp.quantize_multiplier(float(scale / out)))
        negative = fp.multiply(x, *fp.quantize_multiplier(float(scale * np.float32(self.alpha) / out)))
        return clamp(np.where(x >= 0, positive, negative), "NONE", output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.nn.functional.leaky_relu(values[0], self.alpha)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.LeakyReluOptionsT()
        options.alpha = self.alpha
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(options.alpha), len(inputs)
