"""QUANTIZE: float to integers at the border of a graph, or integers to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops.table import Table

if TYPE_CHECKING:
    import torch

    from converters.target import Target

C_NAMES = {"int8": "s8", "uint8": "u8", "int16": "s16", "int32": "s32", "float32": "f32"}


@dataclass(frozen=True)
class Quantize(Table):
    builtins: ClassVar[tuple[str, ...]] = ("QUANTIZE",)
    options: ClassVar[str] = "QuantizeOptions"
    any_dtype: ClassVar[bool] = True

    def mapped(self, x: np.ndarray, source: Tensor, output: Tensor) -> np.ndarray:
        multiplier, shift = fp.quantize_multiplier(source.q.scale / output.q.scale)
        return _narrowed(fp.multiply(x - source.q.zero_point, multiplier, shift), output)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        if inputs[0].dtype != "float32":
            return super().reference(values, inputs, output)
        scaled = values[0] / np.float32(output.q.scale)
        # Halves away from zero; the sum with 1/2 is exact in float64. Beyond 2**31 steps TFLM is undefined.
        rounded = np.sign(scaled) * np.floor(np.abs(scaled).astype(np.float64) + 0.5)
        return _narrowed(np.clip(rounded, -(2.0**30), 2.0**30).astype(np.int64), output)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0]

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        pair = x.dtype, y.dtype
        if pair in (("int8", "int8"), ("int8", "uint8"), ("uint8", "int8")):
            return super().c_kernel(inputs, outputs, target)
        if x.dtype == "uint8" or y.dtype not in ("int8", "int16", "int32") or pair == ("float32", "int32"):
            raise ConvertError(f"{y.name}: QUANTIZE of {x.dtype} to {y.dtype} has no C kernel, nor has TFLM one")
        function = f"nh_quantize_{C_NAMES[x.dtype]}_{C_NAMES[y.dtype]}"
        fields: dict[str, Field] = {"n": int(np.prod(y.shape)), "y_zero": y.q.zero_point}
        # Bytes may be written over what was read; other types would alias.
        in_place = (0,) if y.dtype in ("int8", x.dtype) else ()
        if x.dtype == "float32":
            fields["scale"] = np.array([y.q.scale], np.float32)
            return Kernel(function, "quantize/op_float.c", "nh_quantize_float_t", fields, in_place=in_place)
        multiplier, shift = fp.quantize_multiplier(x.q.scale / y.q.scale)
        fields |= {"x_zero": x.q.zero_point, "multiplier": multiplier, "shift": shift}
        return Kernel(function, "quantize/op.c", "nh_quantize_t", fields, in_place=in_place)


def _narrowed(y: np.ndarray, output: Tensor) -> np.ndarray:
    limits = np.iinfo(output.dtype)
    return np.clip(y + output.q.zero_point, limits.min, limits.max).astype(output.dtype)
