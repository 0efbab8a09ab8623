"""What convolutions and poolings share: windows over time and frequency, and their padding."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape, Tensor
from converters.ops import Op, activation_code

if TYPE_CHECKING:
    import torch

Pads = tuple[int, int, int, int]
"""Before and after in time, before and after in frequency."""
NO_PADS: Pads = (0, 0, 0, 0)


@dataclass(frozen=True)
class Windowed(Op):
    """An operator that slides a kernel over [B, T, F, C]; pairs are (time, frequency)."""

    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: Pads = NO_PADS
    activation: str = "NONE"

    def kernel(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        raise NotImplementedError

    def extent(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """Frames and bands from a window's first to its last value."""
        k = self.kernel(inputs)
        return (k[0] - 1) * self.dilation[0] + 1, (k[1] - 1) * self.dilation[1] + 1

    def spatial(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(T, F) of the output."""
        x, extent = inputs[0].shape, self.extent(inputs)
        if len(x) != 4:
            raise ConvertError(f"{inputs[0].name}: {len(x)} dimensions where a window needs [1, T, F, C]")
        room = x[1] + sum(self.pads[:2]) - extent[0], x[2] + sum(self.pads[2:]) - extent[1]
        if min(room) < 0:
            raise ConvertError(
                f"{inputs[0].name}: {x[1]} x {x[2]} is smaller than a window of {extent[0]} x {extent[1]}"
            )
        return room[0] // self.stride[0] + 1, room[1] // self.stride[1] + 1

    def time_window(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        return self.extent(inputs)[0], self.stride[0]

    def streamed(self, name: str, inputs: Sequence[Tensor]) -> Op | None:
        if self.pads[1] > 0:
            raise ConvertError(
                f"{name}: looks {self.pads[1]} frames ahead; pad its input in time on the left only, or not at all"
            )
        return dataclasses.replace(self, pads=(0, 0, *self.pads[2:]))

    def padding(self, inputs: Sequence[Tensor]) -> str | None:
        """TFLite's word for the pads, or None when there is none and a PAD must come first."""
        if self.pads == NO_PADS:
            return "VALID"
        same = same_pads(inputs[0].shape, self.extent(inputs), self.stride)
        # A zero pad more at the end than a window reaches changes nothing, but SAME counts outputs its own way.
        count = tuple(-(-inputs[0].shape[i + 1] // self.stride[i]) for i in (0, 1))
        fits = self.pads[0] == same[0] and self.pads[2] == same[2] and self.spatial(inputs) == count
        return "SAME" if fits else None

    def windows(self, x: np.ndarray, inputs: Sequence[Tensor], fill: int) -> np.ndarray:
        """[B, T', F', kT, kF, C] of a padded array."""
        t0, t1, f0, f1 = self.pads
        x = np.pad(x, ((0, 0), (t0, t1), (f0, f1), (0, 0)), constant_values=fill)
        (kt, kf), (st, sf), (dt, df) = self.kernel(inputs), self.stride, self.dilation
        view = np.lib.stride_tricks.sliding_window_view(x, self.extent(inputs), axis=(1, 2))  # [B,T,F,C,eT,eF]
        view = view[:, ::st, ::sf, :, ::dt, ::df]
        assert view.shape[-2:] == (kt, kf)
        return view.transpose(0, 1, 2, 4, 5, 3)

    def padded(self, x: torch.Tensor) -> torch.Tensor:
        """[B, T, F, C] -> [B, C, T + pads, F + pads]."""
        import torch

        t0, t1, f0, f1 = self.pads
        x = x.permute(0, 3, 1, 2)
        return torch.nn.functional.pad(x, (f0, f1, t0, t1)) if any(self.pads) else x

    def fill_options(self, schema: Any, options: Any, inputs: Sequence[Tensor]) -> Any:
        """Stride, padding and activation are named alike in three option tables."""
        padding = self.padding(inputs)
        if padding is None:
            raise ConvertError(f"{inputs[0].name}: padding {self.pads} needs a PAD operator; lower the graph first")
        options.padding = getattr(schema.Padding, padding)
        options.strideH, options.strideW = self.stride
        options.fusedActivationFunction = activation_code(schema, self.activation)
        return options

    def from_options(self, schema: Any, options: Any, inputs: Sequence[Tensor]) -> Self:
        """Itself with the pads that SAME stands for on these shapes."""
        t, f = inputs[0].shape[1:3]
        steps = (*self.stride, *self.dilation, *self.kernel(inputs))
        room = [2 * t, 2 * f]
        too_wide = (
            any(k > n for k, n in zip(self.kernel(inputs), room, strict=True)) or max(self.extent(inputs)) > 1 << 16
        )
        if min(steps) < 1 or too_wide or options.padding not in (schema.Padding.SAME, schema.Padding.VALID):
            raise ConvertError(
                f"{inputs[0].name}: a window with stride {self.stride}, dilation {self.dilation}, "
                f"size {self.kernel(inputs)}, padding {options.padding} on {t} x {f}; "
                "give the network a larger input (a window is at most twice as wide), or take the file again"
            )
        if options.padding != schema.Padding.SAME:
            return self
        return dataclasses.replace(self, pads=same_pads(inputs[0].shape, self.extent(inputs), self.stride))


def same_pads(x: Shape, extent: tuple[int, int], stride: tuple[int, int]) -> Pads:
    """TFLite's SAME: as many outputs as ceil(input / stride), the odd pad at the end."""
    total = [max(0, (-(-x[i + 1] // stride[i]) - 1) * stride[i] + extent[i] - x[i + 1]) for i in (0, 1)]
    return total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2
