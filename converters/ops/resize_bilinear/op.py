"""RESIZE_BILINEAR: x [B, T, F, C] at other numbers of frames and bands, interpolated with fractions of 10 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from converters.error import ConvertError
from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops.resize_nearest_neighbor.op import ResizeNearestNeighbor

if TYPE_CHECKING:
    import torch

    from converters.target import Target

ONE = 1 << 10
"""The distance between two positions of the input (ResizeBilinearInteger)."""


@dataclass(frozen=True)
class ResizeBilinear(ResizeNearestNeighbor):
    builtins: ClassVar[tuple[str, ...]] = ("RESIZE_BILINEAR",)
    options: ClassVar[str] = "ResizeBilinearOptions"
    rounds_about_q0: ClassVar[bool] = True

    def reference(self, values: Sequence[np.ndarray], inputs: Sequence[Tensor], output: Tensor) -> np.ndarray:
        x = values[0].astype(np.int64)
        t, f = x.shape[1:3]
        x = self._between(x, 1, *self._line(t, self.size[0]))
        x = self._between(x, 2, *self._line(f, self.size[1]))
        rounded = (np.abs(x) + ONE * ONE // 2) // (ONE * ONE)  # halves away from zero
        return (np.sign(x) * rounded).astype(values[0].dtype)

    def _line(self, length: int, wanted: int) -> tuple[int, int]:
        """Step from one output to the next and position of the first, in 1/1024 of the input's distance."""
        if self.align_corners and wanted > 1:
            step = (ONE * (length - 1) + (wanted - 1) // 2) // (wanted - 1)
        else:
            step = (ONE * length + wanted // 2) // wanted
        return step, step // 2 - ONE // 2 if self.half_pixel_centers else 0

    def _between(self, x: np.ndarray, axis: int, step: int, first: int) -> np.ndarray:
        """ONE times the values on the line along ``axis``; what lies before or beyond is as the border."""
        wanted, length = self.size[axis - 1], x.shape[axis]
        at = np.clip(first + step * np.arange(wanted), 0, ONE * (length - 1))
        low, fraction = at // ONE, (at % ONE).reshape([-1 if a == axis else 1 for a in range(4)])
        high = np.minimum(low + 1, length - 1)
        return x.take(low, axis) * (ONE - fraction) + x.take(high, axis) * fraction

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return self._mixed(self._mixed(values[0], 1), 2)

    def _mixed(self, x: torch.Tensor, axis: int) -> torch.Tensor:
        """On the line along ``axis``, at the positions of the integers."""
        import torch

        wanted, length = self.size[axis - 1], x.shape[axis]
        step, first = self._line(length, wanted)
        at = np.clip(first + step * np.arange(wanted), 0, ONE * (length - 1)) / ONE
        low = at.astype(np.int64)
        share = torch.tensor((at - low).astype(np.float32)).reshape([-1 if a == axis else 1 for a in range(4)])
        high = torch.tensor(np.minimum(low + 1, length - 1))
        return x.index_select(axis, torch.tensor(low)) * (1 - share) + x.index_select(axis, high) * share

    def c_kernel(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], target: Target) -> Kernel:
        x, y = inputs[0], outputs[0]
        if x.dtype != "int8":
            raise ConvertError(f"{y.name}: RESIZE_BILINEAR of {x.dtype}; TFLM and this compiler have int8")
        fields: dict[str, Field] = dict(zip(("batch", "x_t", "x_f", "channels"), x.shape, strict=True))
        fields |= {"y_t": y.shape[1], "y_f": y.shape[2]}
        fields["step_t"], fields["first_t"] = self._line(x.shape[1], y.shape[1])
        fields["step_f"], fields["first_f"] = self._line(x.shape[2], y.shape[2])
        return Kernel("nh_resize_bilinear_s8", "resize_bilinear/op.c", "nh_resize_bilinear_t", fields)
