"""ADD with broadcasting."""

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

LEFT_SHIFT = 20


@dataclass(frozen=True)
class Add(Op):
    builtins: ClassVar[tuple[str, ...]] = ("ADD",)
    options: ClassVar[str] = "AddOptions"
    version: ClassVar[int] = 2
    activation: str = "NONE"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(int(n) for n in np.broadcast_shapes(inputs[0].shape, inputs[1].shape))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        twice_max = 2.0 * max(inputs[0].q.scale, inputs[1].q.scale)
        terms = [_scaled(v, t, twice_max) for v, t in zip(values, inputs, strict=True)]
        multiplier, shift = fp.quantize_multiplier(twice_max / ((1 << LEFT_SHIFT) * output.q.scale))
        return clamp(fp.multiply(terms[0] + terms[1], multiplier, shift), self.activation, output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return activate(values[0] + values[1], self.activation)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        return cls(activation_name(schema, options.fusedActivationFunction if options else 0)), len(inputs)


def _scaled(x: np.ndarray, tensor: Tensor, twice_max: float) -> np.ndarray:
    """One operand on the common scale, with 20 bits of fraction."""
    multiplier, shift = fp.quantize_multiplier(tensor.q.scale / twice_max)
    return fp.multiply((x.astype(np.int64) - tensor.q.zero_point) << LEFT_SHIFT, multiplier, shift)
