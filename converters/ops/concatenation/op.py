"""CONCATENATION. TFLM copies int8 values whatever their scales, so operands should share one quantization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.kernel import Kernel, Pieces
from converters.ops import Op, activation_name, axis_of, parts

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Concatenation(Op):
    builtins: ClassVar[tuple[str, ...]] = ("CONCATENATION",)
    options: ClassVar[str] = "ConcatenationOptions"
    arity: ClassVar[tuple[int, int]] = (1, 1 << 16)
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    axis: int = TIME

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        shape = list(inputs[0].shape)
        for t in inputs[1:]:
            if len(t.shape) != len(shape) or any(
                a != b for i, (a, b) in enumerate(zip(shape, t.shape, strict=True)) if i != self.axis
            ):
                raise ConvertError(f"{t.name}: {list(t.shape)} does not join {shape} along axis {self.axis}")
        shape[self.axis] = sum(t.shape[self.axis] for t in inputs)
        return tuple(shape)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return np.concatenate(values, self.axis)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.cat(values, self.axis)

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if self.axis == TIME:
            raise ConvertError(f"{name}: concatenates in time, which a stream cannot; concatenate channels")
        return super().streamed(name, inputs)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return parts.kernel("nh_join", inputs, inputs[0].shape[: self.axis])

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return parts.offsets(inputs, inputs[0].shape[: self.axis], "output")

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.ConcatenationOptionsT()
        options.axis = self.axis
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        from ai_edge_litert import schema_py_generated as schema

        if activation_name(schema, options.fusedActivationFunction) != "NONE":
            raise ConvertError(f"{output.name}: CONCATENATION with a fused activation, which TFLM refuses too")
        return cls(axis_of(output.name, options.axis, len(output.shape))), len(inputs)
