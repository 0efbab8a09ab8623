"""AVERAGE_POOL_2D: means over windows; padding is not counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.ops import Op, activate, activation_limits, activation_name
from converters.ops.window import NO_PADS, Windowed

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class AveragePool(Windowed):
    builtins: ClassVar[tuple[str, ...]] = ("AVERAGE_POOL_2D",)
    options: ClassVar[str] = "Pool2DOptions"
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    rounds_about_q0: ClassVar[bool] = True
    size: tuple[int, int] = (1, 1)

    def kernel(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        return self.size

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape[0], *self.spatial(inputs), inputs[0].shape[3]

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x = values[0].astype(np.int64)
        total = self.windows(x, inputs, 0).sum((3, 4))
        count = self.windows(np.ones_like(x), inputs, 0).sum((3, 4))
        mean = fp.divide_round_away(total, count)
        return np.clip(mean, *activation_limits(self.activation, output.q)).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        if self.pads != NO_PADS:
            raise ConvertError(f"a pooling with padding {self.pads} has no float form here")
        y = torch.nn.functional.avg_pool2d(values[0].permute(0, 3, 1, 2), self.size, self.stride)
        return activate(y.permute(0, 2, 3, 1), self.activation)

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if any(self.pads[:2]):
            raise ConvertError(f"{name}: a pooling padded in time cannot stream; remove its padding")
        return self

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = self.fill_options(schema, schema.Pool2DOptionsT(), inputs)
        options.filterHeight, options.filterWidth = self.size
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        op = cls(
            stride=(options.strideH, options.strideW),
            size=(options.filterHeight, options.filterWidth),
            activation=activation_name(schema, options.fusedActivationFunction),
        )
        return op.from_options(schema, options, inputs), len(inputs)
