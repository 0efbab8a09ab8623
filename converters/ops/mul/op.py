"""MUL with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Shape, Tensor
from converters.ops import Op, activate, activation_code, activation_name, clamp

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Mul(Op):
    builtins: ClassVar[tuple[str, ...]] = ("MUL",)
    options: ClassVar[str] = "MulOptions"
    version: ClassVar[int] = 2
    activation: str = "NONE"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(int(n) for n in np.broadcast_shapes(inputs[0].shape, inputs[1].shape))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        a, b = (v.astype(np.int64) - t.q.zero_point for v, t in zip(values, inputs, strict=True))
        multiplier, shift = fp.quantize_multiplier(inputs[0].q.scale * inputs[1].q.scale / output.q.scale)
        return clamp(fp.multiply(a * b, multiplier, shift), self.activation, output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return activate(values[0] * values[1], self.activation)

    def macs(self, inputs: Sequence[Tensor], output: Tensor) -> int:
        return int(np.prod(output.shape))

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.MulOptionsT()
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        return cls(activation_name(schema, options.fusedActivationFunction if options else 0)), len(inputs)
