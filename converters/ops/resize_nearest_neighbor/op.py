"""RESIZE_NEAREST_NEIGHBOR: x [B, T, F, C] at other numbers of frames and bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.kernel import Kernel
from converters.ops import Op
from converters.ops.pick import kernel

if TYPE_CHECKING:
    from converters.target import Target


@dataclass(frozen=True)
class ResizeNearestNeighbor(Op):
    builtins: ClassVar[tuple[str, ...]] = ("RESIZE_NEAREST_NEIGHBOR",)
    options: ClassVar[str] = "ResizeNearestNeighborOptions"
    version: ClassVar[int] = 3
    keeps_scale: ClassVar[bool] = True
    size: tuple[int, int] = (1, 1)
    """Frames and bands of the output."""
    align_corners: bool = False
    half_pixel_centers: bool = False

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        if len(inputs[0].shape) != 4 or min(self.size) < 1:
            raise ConvertError(f"{inputs[0].name}: {list(inputs[0].shape)} resized to {list(self.size)}")
        return inputs[0].shape[0], *self.size, inputs[0].shape[3]

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        frames, bands = (self._indices(n, m) for n, m in zip(inputs[0].shape[1:3], self.size, strict=True))
        return values[0][:, frames][:, :, bands]

    def _indices(self, length: int, wanted: int) -> np.ndarray:
        """GetNearestNeighbor, in its float32."""
        one = np.float32(1)
        aligned = self.align_corners and wanted > 1
        scale = one * (length - 1) / np.float32(wanted - 1) if aligned else one * length / np.float32(wanted)
        at = (np.arange(wanted, dtype=np.float32) + np.float32(0.5 if self.half_pixel_centers else 0)) * scale
        index = np.floor(at + np.float32(0.5)) if self.align_corners else np.floor(at)
        return np.clip(index.astype(np.int64), 0, length - 1)

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        b, t, f, c = inputs[0].shape
        resized = [self._indices(n, m) for n, m in zip((t, f), self.size, strict=True)]
        return kernel(inputs[0], [np.arange(b), *resized, np.arange(c)], outputs[0].name)

    def constants(self) -> Sequence[np.ndarray | Tensor]:
        return [np.array(self.size, np.int32)]

    def to_options(self, schema: Any, inputs: Sequence[Tensor], output: Tensor) -> Any:
        options = super().to_options(schema, inputs, output)
        options.alignCorners, options.halfPixelCenters = self.align_corners, self.half_pixel_centers
        return options

    @classmethod
    def from_tflite(cls, options: Any, inputs: Sequence[Tensor], output: Tensor, builtin: str) -> tuple[Self, int]:
        frames, bands = (int(n) for n in inputs[1].values.ravel())
        return cls((frames, bands), bool(options.alignCorners), bool(options.halfPixelCenters)), 1
