"""A depthwise layer as its C kernels see it: geometry, requantization, packed weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from converters.graph import Tensor
from converters.kernel import Field, Kernel
from converters.ops import activation_limits
from converters.requantize import Requantization, int32, requantization
from converters.target import Target

if TYPE_CHECKING:
    from converters.ops.depthwise_conv.op import DepthwiseConv


@dataclass(frozen=True)
class Choice:
    """A kernel and how many instructions one run of it takes, about."""

    instructions: float
    kernel: Kernel


@dataclass(frozen=True, eq=False)
class Layer:
    op: DepthwiseConv
    x: Tensor
    w: Tensor
    y: Tensor
    bias: np.ndarray | None
    target: Target

    @classmethod
    def of(cls, op: DepthwiseConv, inputs: Sequence[Tensor], output: Tensor, target: Target) -> Layer:
        bias = inputs[2].values if len(inputs) > 2 and inputs[2].shape else None
        return cls(op, inputs[0], inputs[1], output, bias, target)

    @property
    def taps(self) -> int:
        """Of a window."""
        return self.w.shape[1] * self.w.shape[2]

    @property
    def channels(self) -> int:
        """Of the output."""
        return self.y.shape[3]

    @property
    def filters(self) -> int:
        """Output channels for each input channel."""
        return self.channels // self.x.shape[3]

    @property
    def positions(self) -> int:
        """Of the output: frames times bands."""
        return self.y.shape[1] * self.y.shape[2]

    @cached_property
    def limits(self) -> tuple[int, int]:
        return activation_limits(self.op.activation, self.y.q)

    @cached_property
    def requantization(self) -> Requantization:
        scales = np.broadcast_to(np.array(self.w.q.scales, np.float64), (self.channels,))
        reals = self.x.q.scale * scales / self.y.q.scale
        return requantization(self.w.values[0].transpose(2, 0, 1), self.bias, self.x.q, reals, self.y.q)

    @property
    def fields(self) -> dict[str, Field]:
        """Of ``nh_depthwise_t``, without weights and their company."""
        op, low_high = self.op, self.limits
        fields: dict[str, Field] = dict(zip(("x_t", "x_f", "x_c"), self.x.shape[1:], strict=True))
        fields |= dict(zip(("y_t", "y_f", "y_c"), self.y.shape[1:], strict=True))
        fields |= {"k_t": self.w.shape[1], "k_f": self.w.shape[2]}
        fields |= {"stride_t": op.stride[0], "stride_f": op.stride[1]}
        fields |= {"dilation_t": op.dilation[0], "dilation_f": op.dilation[1]}
        fields |= {"pad_t": op.pads[0], "pad_f": op.pads[2], "x_zero": self.x.q.zero_point}
        fields |= {"pad_bytes": self.x.shape[3] if any(op.pads) else 0}
        return fields | {"y_zero": self.y.q.zero_point, "low": low_high[0], "high": low_high[1]}

    @property
    def scaling(self) -> dict[str, Field]:
        """bias, multiplier and shift in the narrow form where that is exact, else in the wide one."""
        r = self.requantization
        factor, shift = (r.factor, r.right) if r.narrow else (r.multiplier, r.shift)
        return {"bias": int32(r.bias), "multiplier": int32(factor), "shift": shift.astype(np.int8)}

    def grouped(self, weights: np.ndarray) -> np.ndarray:
        """[taps, C] -> [ceil(C / 4), taps, 4], zeros at the end."""
        taps, channels = weights.shape
        filled = np.zeros((taps, -(-channels // 4) * 4), weights.dtype)
        filled[:, :channels] = weights
        return np.ascontiguousarray(filled.reshape(taps, -1, 4).transpose(1, 0, 2))

    @property
    def padding_bytes(self) -> int:
        """Scratch for one position of padding, whole words."""
        return -(-self.x.shape[3] // 4) * 4 if any(self.op.pads) else 0

    @property
    def flat_weights(self) -> np.ndarray:
        """[taps, C] int8."""
        return self.w.values.reshape(self.taps, self.channels)

    @property
    def overwrites(self) -> tuple[int, ...]:
        """``in_place`` of a kernel that reads a channel whole before it writes that channel."""
        fits = self.filters == 1 and np.prod(self.y.shape) <= np.prod(self.x.shape)
        return (0,) if fits else ()
