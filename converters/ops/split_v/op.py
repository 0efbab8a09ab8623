"""SPLIT_V: a tensor cut along an axis into parts of given lengths."""

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
class SplitV(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SPLIT_V",)
    options: ClassVar[str] = "SplitVOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    sizes: tuple[int, ...] = ()
    axis: int = 0

    def shapes(self, inputs: Sequence[Tensor]) -> tuple[Shape, ...]:
        x = inputs[0].shape
        if sum(self.sizes) != x[self.axis]:
            raise ConvertError(f"{inputs[0].name}: {x[self.axis]} split into parts of {list(self.sizes)}")
        return tuple((*x[: self.axis], n, *x[self.axis + 1 :]) for n in self.sizes)

    def references(
        self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> list[np.ndarray]:
        return np.split(values[0], np.cumsum(self.sizes)[:-1], self.axis)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return parts.kernel("nh_part", outputs, inputs[0].shape[: self.axis])

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return parts.offsets(outputs, inputs[0].shape[: self.axis], "input")

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.sizes, np.int32), np.array(self.axis, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.numSplits = len(self.sizes)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        x, sizes, axis = inputs
        index = axis_of(output.name, int(axis.values.item()), len(x.shape))
        known = [int(n) for n in sizes.values.ravel()]
        rest = x.shape[index] - sum(n for n in known if n >= 0)
        return cls(tuple(rest if n < 0 else n for n in known), index), 1
