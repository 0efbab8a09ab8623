"""What reductions share: axes, kept as 1 or dropped, and the loops of their kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import TIME, Shape, Tensor
from converters.kernel import Field
from converters.ops import Op, axis_of

LOOPS = 3
"""Of either kind: over what is kept and over what is reduced."""


@dataclass(frozen=True)
class Reduction(Op):
    options: ClassVar[str] = "ReducerOptions"
    version: ClassVar[int] = 2
    axes: tuple[int, ...] = ()
    keep_dims: bool = True

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        if self.keep_dims:
            return tuple(1 if i in self.axes else n for i, n in enumerate(inputs[0].shape))
        return tuple(n for i, n in enumerate(inputs[0].shape) if i not in self.axes)

    def count(self, inputs: Sequence[Tensor]) -> int:
        """Values that become one."""
        return int(np.prod([inputs[0].shape[a] for a in self.axes]))

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if TIME in self.axes and inputs[0].shape[TIME] > 1:
            raise ConvertError(f"{name}: a {self.builtin} over time cannot stream; use a pooling")
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
        axes = tuple(sorted({axis_of(output.name, int(a), rank) for a in inputs[1].values.ravel()}))
        return cls(axes, bool(options.keepDims)), 1

    def loops(self, x: Tensor) -> Mapping[str, Field]:
        """Members of ``nh_reduce_t``: sizes and strides, outermost first; neighbouring axes alike are one loop."""
        runs: list[tuple[bool, int]] = []
        for axis, n in enumerate(x.shape):
            reduced = axis in self.axes
            if n > 1 and runs and runs[-1][0] == reduced:
                runs[-1] = reduced, runs[-1][1] * n
            elif n > 1:
                runs.append((reduced, n))
        after = [int(np.prod([n for _, n in runs[i + 1 :]])) for i in range(len(runs))]
        fields: dict[str, Field] = {}
        for name, kind in (("kept", False), ("reduced", True)):
            found = [(n, step) for (reduced, n), step in zip(runs, after, strict=True) if reduced == kind]
            if len(found) > LOOPS:
                raise ConvertError(
                    f"{x.name}: {self.builtin} over axes {list(self.axes)} needs more than {LOOPS} loops"
                )
            found = [(1, 0)] * (LOOPS - len(found)) + found
            fields[f"loops.{name}"] = tuple(n for n, _ in found)
            fields[f"loops.{name}_step"] = tuple(step for _, step in found)
        return fields
