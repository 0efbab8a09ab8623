"""SOFTMAX over the last axis; int8 out in 1/256 with zero point -128."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import Quantization, Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op

if TYPE_CHECKING:
    import torch

    from converters.target import Target

DIFF_BITS, SUM_BITS = 5, 12
"""Integer bits of the scaled difference to the maximum, and of the sum of exponentials."""


@dataclass(frozen=True)
class Softmax(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SOFTMAX",)
    options: ClassVar[str] = "SoftmaxOptions"
    version: ClassVar[int] = 2
    any_dtype: ClassVar[bool] = True
    fixed_output: ClassVar[Quantization | None] = Quantization((1 / 256,), (-128,))
    beta: float = 1.0

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        _check(inputs[0], output)
        x, limits = values[0].astype(np.int64), np.iinfo(output.dtype)
        exps = exponentials(inputs[0].q.scale * self.beta)[x.max(-1, keepdims=True) - x]
        total = fp.rescale(exps, 0, SUM_BITS).sum(-1, keepdims=True)
        scale, over_unit = _reciprocal(total)
        quotient = fp.divide_by_pot(fp.high_mul(scale, exps), over_unit + 31 - limits.bits) + limits.min
        return np.clip(quotient, limits.min, limits.max).astype(output.dtype)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return (values[0] * self.beta).softmax(-1)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        if x.dtype != "int8" or y.dtype not in ("int8", "int16"):
            raise ConvertError(
                f"{y.name}: SOFTMAX of {x.dtype} to {y.dtype} has no C kernel; int8 to int8 or int16 has"
            )
        function = "nh_softmax_s8" if y.dtype == "int8" else "nh_softmax_s8_s16"
        exps, n = table(x.q.scale * self.beta), x.shape[-1]
        fields: dict[str, Field] = {"rows": int(np.prod(x.shape)) // n, "n": n, "bits": np.iinfo(y.dtype).bits}
        fields |= {"entries": len(exps), "exps": exps}
        in_place = (0,) if y.dtype == "int8" else ()
        return Kernel(function, "softmax/op.c", "nh_softmax_t", fields, in_place=in_place)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.SoftmaxOptionsT()
        options.beta = self.beta
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(options.beta), len(inputs)


def _check(x: Tensor, y: Tensor) -> None:
    if x.dtype != "int8" or y.dtype not in ("int8", "int16"):
        raise ConvertError(f"{y.name}: SOFTMAX of {x.dtype} to {y.dtype} is not computed; int8 to int8 or int16 is")


def exponentials(scale: float) -> np.ndarray:
    """[256] int64: exp(-difference * scale) in Q0.31; 0 where the kernels leave a value out."""
    real = min(scale * (1 << (31 - DIFF_BITS)), float(fp.INT32_MAX))
    multiplier, left = fp.quantize_multiplier(real)
    diff = -np.arange(256)
    used = diff >= -fp.input_radius(DIFF_BITS, left)
    scaled = fp.high_mul(np.where(used, diff, 0) << left, multiplier)
    return np.where(used, fp.exp_on_negative_values(scaled, DIFF_BITS), 0)


def table(scale: float) -> np.ndarray:
    """The exponentials that count: those smaller than half a unit of the sum are 0 in an output, too."""
    exps = exponentials(scale)
    return exps[fp.rescale(exps, 0, SUM_BITS) > 0].astype(np.int32)


def _reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 / total in Q0.31, and the power of two taken out of it (GetReciprocal)."""
    headroom = np.vectorize(lambda v: 32 - max(1, math.frexp(float(v))[1]), otypes=[np.int64])(total)
    shifted = (total << headroom) - (1 << 31)
    return fp.one_over_one_plus(shifted), SUM_BITS - headroom
