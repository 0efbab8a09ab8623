"""UNPACK: a tensor cut along an axis, which then leaves the shape."""

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
    from converters.target import Target


@dataclass(frozen=True)
class Unpack(Op):
    builtins: ClassVar[tuple[str, ...]] = ("UNPACK",)
    options: ClassVar[str] = "UnpackOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    axis: int = 0

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        x = inputs[0].shape
        return ((*x[: self.axis], *x[self.axis + 1 :]),) * x[self.axis]

    def references(
        self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[np.ndarray]:
        return list(np.moveaxis(values[0], self.axis, 0))

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return parts.kernel("nh_part", outputs, inputs[0].shape[: self.axis])

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return parts.offsets(outputs, inputs[0].shape[: self.axis], "input")

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.UnpackOptionsT()
        options.axis, options.num = self.axis, inputs[0].shape[self.axis]
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        axis = axis_of(output.name, options.axis, len(inputs[0].shape))
        if options.num != inputs[0].shape[axis]:
            raise ConvertError(f"{output.name}: UNPACK into {options.num} of {inputs[0].shape[axis]} parts")
        return cls(axis), 1
