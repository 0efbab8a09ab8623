"""ARG_MAX: the place of the first largest value along an axis, as int32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op, axis_of

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class ArgMax(Op):
    builtins: ClassVar[tuple[str, ...]] = ("ARG_MAX",)
    options: ClassVar[str] = "ArgMaxOptions"
    version: ClassVar[int] = 2
    any_dtype: ClassVar[bool] = True
    axis: int = 1

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape[: self.axis] + inputs[0].shape[self.axis + 1 :]

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0].argmax(self.axis).astype(np.int32)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        if (x.dtype, y.dtype) != ("int8", "int32"):
            raise ConvertError(f"{y.name}: ARG_MAX of {x.dtype} to {y.dtype} has no C kernel; int8 to int32 has")
        before, after = x.shape[: self.axis], x.shape[self.axis + 1 :]
        fields: dict[str, Field] = {
            "outer": int(np.prod(before)),
            "n": x.shape[self.axis],
            "inner": int(np.prod(after)),
        }
        return Kernel("nh_arg_max_s8", "arg_max/op.c", "nh_arg_max_t", fields)

    def constants(self) -> list[np.ndarray]:
        return [np.array(self.axis, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.ArgMaxOptionsT()
        options.outputType = schema.TensorType.INT32
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if output.dtype != "int32":
            raise ConvertError(f"{output.name}: ARG_MAX to {output.dtype}; TFLM has it to int32 only")
        return cls(axis_of(output.name, int(inputs[1].values.ravel()[0]), len(inputs[0].shape))), 1
