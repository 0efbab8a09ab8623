"""TRANSPOSE: the axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op
from converters.ops.box import Box, Loop, itemsize, steps

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class Transpose(Op):
    builtins: ClassVar[tuple[str, ...]] = ("TRANSPOSE",)
    options: ClassVar[str] = "TransposeOptions"
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    any_dtype: ClassVar[bool] = True
    order: tuple[int, ...] = ()
    """Axis of the input for each axis of the output."""

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        if sorted(self.order) != list(range(len(inputs[0].shape))):
            raise ConvertError(
                f"{inputs[0].name}: transposed to {list(self.order)}; it has {len(inputs[0].shape)} axes"
            )
        return tuple(inputs[0].shape[a] for a in self.order)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0].transpose(self.order)

    def _box(self, x: Tensor) -> Box:
        shape, item = self.shape([x]), itemsize(x)
        ins = steps(x.shape, item)
        return Box.of(map(Loop, shape, [ins[a] for a in self.order], steps(shape, item)), item)

    def view_of(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bool:
        """Only axes of length 1 changed places."""
        return self._box(inputs[0]).contiguous

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return self._box(inputs[0]).kernel(outputs[0].name)

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.order, np.int32)]

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(tuple(int(a) for a in inputs[1].values.ravel())), 1
