"""SPACE_TO_DEPTH: each block of frames and bands becomes the channels of one position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op
from converters.ops.box import Box, Loop, itemsize, steps

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class SpaceToDepth(Op):
    builtins: ClassVar[tuple[str, ...]] = ("SPACE_TO_DEPTH",)
    options: ClassVar[str] = "SpaceToDepthOptions"
    keeps_scale: ClassVar[bool] = True
    block: int = 2

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        b, t, f, c = inputs[0].shape
        if t % self.block or f % self.block:
            raise ConvertError(f"{inputs[0].name}: {t} x {f} positions are no whole blocks of {self.block}")
        return b, t // self.block, f // self.block, c * self.block**2

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        b, t, f, c = inputs[0].shape
        n = self.block
        blocks = values[0].reshape(b, t // n, n, f // n, n, c)
        return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(output.shape)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        loops = block_loops(inputs[0], outputs[0], self.block)
        return Box.of(loops, itemsize(inputs[0])).kernel(outputs[0].name)

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.blockSize = self.block
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Op, int]:
        if options.blockSize < 1:
            raise ConvertError(f"{output.name}: blocks of {options.blockSize}; take the file again from its source")
        return cls(options.blockSize), 1


def block_loops(wide: Tensor, deep: Tensor, block: int) -> list[Loop]:
    """From [B, T, F, C] to [B, T/n, F/n, n*n*C]: over B, T/n, n, F/n, n, C."""
    item, c = itemsize(wide), wide.shape[3]
    wide_b, wide_t, wide_f, _ = steps(wide.shape, item)
    deep_b, deep_t, deep_f, _ = steps(deep.shape, item)
    return [
        Loop(wide.shape[0], wide_b, deep_b),
        Loop(deep.shape[1], block * wide_t, deep_t),
        Loop(block, wide_t, block * c * item),
        Loop(deep.shape[2], block * wide_f, deep_f),
        Loop(block, wide_f, c * item),
        Loop(c, item, item),
    ]
