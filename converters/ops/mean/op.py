"""MEAN over axes. Its int8 kernels are biased by up to 3/4 of a step: tracing prefers AVERAGE_POOL_2D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters import fixed_point as fp
from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.ops import Op

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Mean(Op):
    builtins: ClassVar[tuple[str, ...]] = ("MEAN",)
    options: ClassVar[str] = "ReducerOptions"
    version: ClassVar[int] = 2
    axes: tuple[int, ...] = ()
    keep_dims: bool = True

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        if self.keep_dims:
            return tuple(1 if i in self.axes else n for i, n in enumerate(inputs[0].shape))
        return tuple(n for i, n in enumerate(inputs[0].shape) if i not in self.axes)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        q, x = inputs[0].q, values[0].astype(np.int64)
        count = int(np.prod([x.shape[a] for a in self.axes]))
        total = x.sum(self.axes, keepdims=self.keep_dims) - q.zero_point * count
        # The kernel divides within the multiplier: count folded in as 1 / 2**k (QuantizedMeanOrSum).
        multiplier, shift = fp.quantize_multiplier(q.scale / output.q.scale)
        multiplier, shift = fold_count(multiplier, shift, count)
        y = fp.multiply(total, multiplier, shift) + output.q.zero_point
        return np.clip(y, -128, 127).astype(np.int8)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].mean(self.axes, keepdim=self.keep_dims)

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if TIME in self.axes and inputs[0].shape[TIME] > 1:
            raise ConvertError(f"{name}: a MEAN over time cannot stream; use an average pooling")
        return super().streamed(name, inputs)

    def constants(self) -> list[np.ndarray]:
        return [np.array(self.axes, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.ReducerOptionsT()
        options.keepDims = self.keep_dims
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        rank = len(inputs[0].shape)
        axes = tuple(sorted(int(a) % rank for a in inputs[1].values.ravel()))
        return cls(axes, bool(options.keepDims)), 1


def fold_count(multiplier: int, shift: int, count: int) -> tuple[int, int]:
    """multiplier / count with as many bits as stay within 32."""
    bits = min(63 - (64 - count.bit_length()), 32, 31 + shift)
    bits = max(bits, 0)
    return (multiplier << bits) // count, shift - bits
