"""SLICE: a box of a tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.kernel import Kernel, Pieces
from converters.ops import Op
from converters.ops.box import box_of_slices

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Slice(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SLICE",)
    options: ClassVar[str] = "SliceOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    begin: Shape = ()
    size: Shape = ()
    """-1: to the end."""

    @classmethod
    def last_frames(cls, shape: Shape, frames: int) -> Slice:
        """The newest frames of [1, T, ...]."""
        begin = [0] * len(shape)
        begin[TIME] = shape[TIME] - frames
        return cls(tuple(begin), (-1,) * len(shape))

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return tuple(n - b if s < 0 else s for n, b, s in zip(inputs[0].shape, self.begin, self.size, strict=True))

    def _box(self) -> tuple[slice, ...]:
        return tuple(slice(b, None if s < 0 else b + s) for b, s in zip(self.begin, self.size, strict=True))

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0][self._box()]

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0][(slice(None), *self._box()[1:])]

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        frames = inputs[0].shape[TIME]
        if self.size[TIME] not in (-1, frames - self.begin[TIME]):
            raise ConvertError(f"{name}: drops the newest frames; cut in time at the start only: x[..., k:]")
        begin = (*self.begin[:TIME], 0, *self.begin[TIME + 1 :])
        size = (*self.size[:TIME], -1, *self.size[TIME + 1 :])
        rest = [(b, s) for b, s, n in zip(begin, size, inputs[0].shape, strict=True) if b or s not in (-1, n)]
        return dataclasses.replace(self, begin=begin, size=size) if rest else None

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return box_of_slices(inputs[0], self._box()).kernel(outputs[0].name)

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return box_of_slices(inputs[0], self._box()).piece()

    def constants(self) -> list[np.ndarray]:
        return [np.array(self.begin, np.int32), np.array(self.size, np.int32)]

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        begin, size = (tuple(int(v) for v in t.values.ravel()) for t in inputs[1:3])
        for n, b, s in zip(inputs[0].shape, begin, size, strict=True):
            if not 0 <= b < n or not (s == -1 or 0 < s <= n - b):
                raise ConvertError(f"{output.name}: SLICE of {size} from {begin} in {list(inputs[0].shape)}")
        return cls(begin, size), 1
