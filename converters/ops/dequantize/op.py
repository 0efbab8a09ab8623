"""DEQUANTIZE: integers to float at the border of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op
from converters.ops.quantize.op import C_NAMES

if TYPE_CHECKING:
    import torch

    from converters.graph import Shape
    from converters.target import Target


@dataclass(frozen=True)
class Dequantize(Op):
    builtins: ClassVar[tuple[str, ...]] = ("DEQUANTIZE",)
    options: ClassVar[str] = "DequantizeOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        q = inputs[0].q
        return (q.scale * (values[0].astype(np.int64) - q.zero_point)).astype(np.float32)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0]

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        if x.dtype not in ("int8", "uint8", "int16"):
            raise ConvertError(f"{y.name}: DEQUANTIZE of {x.dtype} has no C kernel; int8, uint8 and int16 have")
        fields: dict[str, Field] = {"n": int(np.prod(y.shape)), "x_zero": x.q.zero_point}
        fields["scale"] = np.array([x.q.scale], np.float32)
        return Kernel(f"nh_dequantize_{C_NAMES[x.dtype]}", "dequantize/op.c", "nh_dequantize_t", fields)
