"""DEPTH_TO_SPACE: the channels of each position become a block of frames and bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops.box import Box, Loop, itemsize
from converters.ops.space_to_depth.op import SpaceToDepth, block_loops

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class DepthToSpace(SpaceToDepth):
    builtins: ClassVar[tuple[str, ...]] = ("DEPTH_TO_SPACE",)
    options: ClassVar[str] = "DepthToSpaceOptions"

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        b, t, f, c = inputs[0].shape
        if c % self.block**2:
            raise ConvertError(f"{inputs[0].name}: {c} channels are no whole blocks of {self.block} x {self.block}")
        return b, t * self.block, f * self.block, c // self.block**2

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        b, t, f, _ = inputs[0].shape
        n = self.block
        blocks = values[0].reshape(b, t, f, n, n, -1)
        return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(output.shape)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        loops = block_loops(outputs[0], inputs[0], self.block)
        turned = [Loop(n.count, n.y_step, n.x_step) for n in loops]
        return Box.of(turned, itemsize(inputs[0])).kernel(outputs[0].name)
