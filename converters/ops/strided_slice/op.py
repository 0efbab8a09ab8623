"""STRIDED_SLICE: a box with steps, also backwards. Ours never has one; other people's files do."""

from __future__ import annotations

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
class StridedSlice(Op):
    builtins: ClassVar[tuple[str, ...]] = ("STRIDED_SLICE",)
    options: ClassVar[str] = "StridedSliceOptions"
    any_dtype: ClassVar[bool] = True
    version: ClassVar[int] = 2
    keeps_scale: ClassVar[bool] = True
    begin: Shape = ()
    end: Shape = ()
    """Before the first index, for a negative stride: -(length + 1)."""
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
        import torch

        y = values[0]
        for axis, box in enumerate(self._box()[1:], 1):
            y = y.index_select(axis, torch.tensor(range(*box.indices(y.shape[axis]))))
        return y.squeeze(self.dropped) if self.dropped else y

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        frames = inputs[0].shape[TIME]
        if self._box()[TIME].indices(frames) != (0, frames, 1):
            raise ConvertError(f"{name}: slices time with STRIDED_SLICE; cut with SLICE, at the start only")
        return self

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return box_of_slices(inputs[0], self._box()).kernel(outputs[0].name)

    def pieces(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> Pieces | None:
        return box_of_slices(inputs[0], self._box()).piece()

    def constants(self) -> list[np.ndarray]:
        return [np.array(v, np.int32) for v in (self.begin, self.end, self.strides)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.StridedSliceOptionsT()
        options.shrinkAxisMask = sum(1 << a for a in self.dropped)
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if options.ellipsisMask or options.newAxisMask or options.offset:
            raise ConvertError(f"{output.name}: STRIDED_SLICE with an ellipsis, a new axis or an offset; TFLM has none")
        begin, end, strides = ([int(v) for v in t.values.ravel()] for t in inputs[1:4])
        if not len(begin) == len(end) == len(strides) == len(inputs[0].shape):
            raise ConvertError(f"{output.name}: STRIDED_SLICE of {len(begin)} of {len(inputs[0].shape)} axes")
        dropped = tuple(a for a in range(len(begin)) if options.shrinkAxisMask >> a & 1)
        for a, n in enumerate(inputs[0].shape):
            first, last = (bool(mask >> a & 1) for mask in (options.beginMask, options.endMask))
            begin[a], end[a] = _limits(None if first else begin[a], None if last else end[a], strides[a], n)
            end[a] = begin[a] + 1 if a in dropped else end[a]
        if any(s == 0 or (s < 0 and a in dropped) for a, s in enumerate(strides)):
            raise ConvertError(f"{output.name}: STRIDED_SLICE with stride 0, or one index taken backwards")
        return cls(tuple(begin), tuple(end), tuple(strides), dropped), 1


def _limits(begin: int | None, end: int | None, stride: int, length: int) -> tuple[int, int]:
    """Both as indices that are not negative, but for the end of a walk backwards through index 0."""
    first, stop, _ = slice(begin, end, stride or 1).indices(length)
    return first, stop if stop >= 0 else -length - 1
