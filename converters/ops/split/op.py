"""SPLIT: a tensor cut along an axis into equal parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.ops import Op, axis_of
from converters.ops.split_v.op import SplitV


@dataclass(frozen=True)
class Split(SplitV):
    builtins: ClassVar[tuple[str, ...]] = ("SPLIT",)
    options: ClassVar[str] = "SplitOptions"
    any_dtype: ClassVar[bool] = True

    def leading_constants(self) -> list[np.ndarray]:
        return [np.array(self.axis, np.int32)]

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return []

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        axis, x = inputs
        index, count = axis_of(output.name, int(axis.values.item()), len(x.shape)), int(options.numSplits)
        if count < 1 or x.shape[index] % count:
            raise ConvertError(f"{output.name}: {x.shape[index]} split into {count} equal parts")
        return cls((x.shape[index] // count,) * count, index), 1
