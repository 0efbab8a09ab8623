"""PACK: tensors of one shape stacked along a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel, Pieces
from converters.ops import Op, axis_of, parts

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Pack(Op):
    builtins: ClassVar[tuple[str, ...]] = ("PACK",)
    options: ClassVar[str] = "PackOptions"
    arity: ClassVar[tuple[int, int]] = (1, 1 << 16)
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    axis: int = 0

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        shapes = {t.shape for t in inputs}
        if len(shapes) > 1:
            raise ConvertError(f"{inputs[0].name}: packed with tensors of other shapes: {sorted(shapes)}")
        x = inputs[0].shape
        return *x[: self.axis], len(inputs), *x[self.axis :]

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return np.stack(values, self.axis)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.stack(values, self.axis)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return parts.kernel("nh_join", inputs, inputs[0].shape[: self.axis])

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return parts.offsets(inputs, inputs[0].shape[: self.axis], "output")

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.PackOptionsT()
        options.axis, options.valuesCount = self.axis, len(inputs)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if options.valuesCount != len(inputs):
            raise ConvertError(f"{output.name}: PACK of {options.valuesCount} values with {len(inputs)} inputs")
        return cls(axis_of(output.name, options.axis, len(output.shape))), len(inputs)
