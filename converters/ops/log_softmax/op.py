"""LOG_SOFTMAX over the last axis; int8 out in 1/16 with zero point 127."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.graph import Quantization, Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op
from converters.ops.softmax.op import DIFF_BITS, SUM_BITS, exponentials, table

if TYPE_CHECKING:
    import torch

    from converters.target import Target

OUTPUT_BITS = 4


@dataclass(frozen=True)
class LogSoftmax(Op):
    builtins: ClassVar[tuple[str, ...]] = ("LOG_SOFTMAX",)
    options: ClassVar[str] = "LogSoftmaxOptions"
    version: ClassVar[int] = 2
    fixed_output: ClassVar[Quantization | None] = Quantization((1 / 16,), (127,))

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x = values[0].astype(np.int64)
        scaling = _Scaling.of(inputs[0].q.scale)
        diff = x - x.max(-1, keepdims=True)
        total = fp.rescale(exponentials(inputs[0].q.scale)[-diff], 0, SUM_BITS).sum(-1, keepdims=True)
        log = fp.log(total, SUM_BITS, DIFF_BITS)
        least = fp.multiply(log + fp.INT32_MIN, scaling.back, scaling.back_shift)
        used = diff > np.maximum(scaling.least - 1, least)
        scaled = fp.multiply(np.where(used, diff, 0), scaling.multiplier, scaling.left)
        y = fp.divide_by_pot(scaled - log, 31 - DIFF_BITS - OUTPUT_BITS) + 127
        return np.where(used, np.clip(y, -128, 127), -128).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].log_softmax(-1)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x = inputs[0]
        exps, n = table(x.q.scale), x.shape[-1]
        fields: dict[str, Field] = {"row.rows": int(np.prod(x.shape)) // n, "row.n": n, "row.bits": 8}
        fields |= {"row.entries": len(exps), "row.exps": exps, **vars(_Scaling.of(x.q.scale))}
        return Kernel("nh_log_softmax_s8", "log_softmax/op.c", "nh_log_softmax_t", fields, in_place=(0,))


@dataclass(frozen=True)
class _Scaling:
    """Of differences to the row's largest value: to fixed point and back (PreprocessLogSoftmaxScalingExp)."""

    multiplier: int
    left: int
    back: int
    back_shift: int
    least: int
    """The lowest difference whose exponential counts."""

    @classmethod
    def of(cls, scale: float) -> _Scaling:
        multiplier, left = fp.quantize_multiplier(min(scale * (1 << (31 - DIFF_BITS)), float(fp.INT32_MAX)))
        back, back_shift = fp.quantize_multiplier(2.0 ** (31 - left) / multiplier)
        return cls(multiplier, left, back, back_shift, -fp.input_radius(DIFF_BITS, left))
