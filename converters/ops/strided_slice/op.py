"""STRIDED_SLICE: a box with steps. Ours never has one; other people's files do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.ops import Op

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class StridedSlice(Op):
    builtins: ClassVar[tuple[str, ...]] = ("STRIDED_SLICE",)
    options: ClassVar[str] = "StridedSliceOptions"
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    begin: Shape = ()
    end: Shape = ()
    strides: Shape = ()
    dropped: Shape = ()
    """Axes of one index that leave the shape."""

    def _box(self) -> tuple[slice, ...]:
        return tuple(map(slice, self.begin, self.end, self.strides))

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        if len(self.begin) != len(inputs[0].shape):
            raise ConvertError(f"{inputs[0].name}: sliced along {len(self.begin)} axes of {len(inputs[0].shape)}")
        lengths = [len(range(*box.indices(n))) for box, n in zip(self._box(), inputs[0].shape, strict=True)]
        return tuple(n for i, n in enumerate(lengths) if i not in self.dropped)

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0][self._box()].reshape(output.shape)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        y = values[0][(slice(None), *self._box()[1:])]
        return y.squeeze(self.dropped) if self.dropped else y

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        frames = inputs[0].shape[TIME]
        if self._box()[TIME].indices(frames) != (0, frames, 1):
            raise ConvertError(f"{name}: slices time with STRIDED_SLICE; cut with SLICE, at the start only")
        return self

    def constants(self) -> list[np.ndarray]:
        return [np.array(v, np.int32) for v in (self.begin, self.end, self.strides)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.StridedSliceOptionsT()
        options.shrinkAxisMask = sum(1 << a for a in self.dropped)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if options.ellipsisMask or options.newAxisMask:
            raise ConvertError(f"{output.name}: STRIDED_SLICE with an ellipsis or a new axis is not supported")
        begin, end, strides = ([int(v) for v in t.values.ravel()] for t in inputs[1:4])
        dropped = tuple(a for a in range(len(begin)) if options.shrinkAxisMask >> a & 1)
        if any(s <= 0 for s in strides):
            raise ConvertError(f"{output.name}: STRIDED_SLICE backwards is not supported")
        for a, n in enumerate(inputs[0].shape):
            low = 0 if options.beginMask >> a & 1 else begin[a]
            low = low + n if low < 0 else low
            high = low + 1 if a in dropped else n if options.endMask >> a & 1 else end[a]
            begin[a], end[a] = low, high + n if high < 0 else high
        return cls(tuple(begin), tuple(end), tuple(strides), dropped), 1
