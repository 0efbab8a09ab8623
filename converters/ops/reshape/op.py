"""RESHAPE: the same values in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op
from converters.ops.box import box_of_slices

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Reshape(Op):
    builtins: ClassVar[tuple[str, ...]] = ("RESHAPE",)
    options: ClassVar[str] = "ReshapeOptions"
    keeps_scale: ClassVar[bool] = True
    any_dtype: ClassVar[bool] = True
    to: Shape = ()

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        count, known = int(np.prod(inputs[0].shape)), int(np.prod([n for n in self.to if n >= 0]))
        if count != known and (-1 not in self.to or count % known):
            raise ConvertError(f"{inputs[0].name}: {count} values do not fit the shape {list(self.to)}")
        return tuple(count // known if n < 0 else n for n in self.to)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0].reshape(output.shape)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].reshape(-1, *self.to[1:])

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if len(inputs[0].shape) == 4 and inputs[0].shape[TIME] > 1:
            raise ConvertError(f"{name}: reshapes {inputs[0].shape[TIME]} frames; pool in time before it")
        return self

    def view_of(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bool:
        return True

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        """For where input and output cannot be the same memory."""
        return box_of_slices(inputs[0], [slice(None)] * len(inputs[0].shape)).kernel(outputs[0].name)

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.to, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.ReshapeOptionsT()
        options.newShape = list(self.to)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(output.shape), 1
