"""The one operator that no file has: bytes moved to where somebody must find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from converters.graph import Shape, Tensor
from converters.kernel import Field, Kernel
from converters.ops import Op

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class Copy(Op):
    """Made by the planner only, where a view will not do."""

    @property
    def builtin(self) -> str:
        return "COPY"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0]

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x = inputs[0]
        if x.is_constant:
            content = np.ascontiguousarray(x.values).view(np.int8).ravel()
            fields: dict[str, Field] = {"values": content, "bytes": content.size}
            return Kernel("nh_copy_constant", "include/copy.h", "nh_copy_constant_t", fields)
        size: dict[str, Field] = {"bytes": nbytes(x)}
        return Kernel("nh_copy", "include/copy.h", "nh_copy_t", size, ring_function="nh_copy_ring")


def nbytes(t: Tensor) -> int:
    return int(np.prod(t.shape)) * np.dtype(t.dtype).itemsize
