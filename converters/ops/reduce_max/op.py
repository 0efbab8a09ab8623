"""REDUCE_MAX over axes, in the input's quantization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.kernel import Kernel
from converters.ops.reduce import Reduction

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class ReduceMax(Reduction):
    builtins: ClassVar[tuple[str, ...]] = ("REDUCE_MAX",)
    keeps_scale: ClassVar[bool] = True

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return values[0].max(self.axes, keepdims=self.keep_dims)

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].amax(self.axes, keepdim=self.keep_dims)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        return Kernel("nh_reduce_max_s8", "reduce_max/op.c", "nh_reduce_t", dict(self._members(inputs[0])))

    def _members(self, x: Tensor) -> dict[str, tuple[int, ...]]:
        return {k.removeprefix("loops."): v for k, v in self.loops(x).items() if isinstance(v, tuple)}
