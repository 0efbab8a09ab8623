"""EXPAND_DIMS: an axis of length 1 joins the shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.ops import Op, axis_of
from converters.ops.reshape.op import Reshape


@dataclass(frozen=True)
class ExpandDims(Reshape):
    builtins: ClassVar[tuple[str, ...]] = ("EXPAND_DIMS",)
    options: ClassVar[str] = "ExpandDimsOptions"
    any_dtype: ClassVar[bool] = True
    axis: int = 0

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.axis, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        return schema.ExpandDimsOptionsT()

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        return cls(output.shape, axis_of(output.name, int(inputs[1].values.item()), len(output.shape))), 1
