"""MAXIMUM with broadcasting, and what MINIMUM shares with it; TFLM compares the integers and does not rescale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.graph import Tensor
from converters.kernel import Kernel
from converters.ops.broadcast import Broadcast, Operands

if TYPE_CHECKING:
    import torch

    from converters.target import Target


@dataclass(frozen=True)
class Extreme(Broadcast):
    """The larger, or the smaller, of two values in one quantization."""

    keeps_scale: ClassVar[bool] = True
    options: ClassVar[str] = "MaximumMinimumOptions"
    version: ClassVar[int] = 2
    largest: ClassVar[bool] = True

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        return (np.maximum if self.largest else np.minimum)(values[0], values[1])

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0].maximum(values[1]) if self.largest else values[0].minimum(values[1])

    def pair_kernel(self, operands: Operands, inputs: Sequence[Tensor], y: Tensor, target: Target) -> Kernel:
        suffix = "_dsp" if "dsp" in target.isas else ""
        function, source = operands.function(self.builtin.lower() + suffix), f"maximum/op{suffix}.c"
        return Kernel(function, source, "nh_extreme_t", operands.fields, in_place=operands.in_place)


@dataclass(frozen=True)
class Maximum(Extreme):
    builtins: ClassVar[tuple[str, ...]] = ("MAXIMUM",)
