"""SQUEEZE: axes of length 1 leave the shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from converters.graph import Shape, Tensor
from converters.ops.reshape.op import Reshape


@dataclass(frozen=True)
class Squeeze(Reshape):
    builtins: ClassVar[tuple[str, ...]] = ("SQUEEZE",)
    options: ClassVar[str] = "SqueezeOptions"
    any_dtype: ClassVar[bool] = True

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return []

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = schema.SqueezeOptionsT()
        options.squeezeDims = list(_left_out(inputs[0].shape, output.shape))
        return options


def _left_out(shape: Shape, rest: Shape) -> Shape:
    """Axes of ``shape`` that ``rest`` has not; of several that would do, the last."""
    gone: list[int] = []
    for a, n in enumerate(shape):
        if rest[a - len(gone) : a - len(gone) + 1] != (n,):
            gone.append(a)
    return tuple(gone)
