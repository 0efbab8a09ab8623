"""What the kernels of CONV_2D choose by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from converters.graph import Tensor
from converters.kernel import Field
from converters.ops import activation_limits
from converters.ops.window import Windowed
from converters.requantize import Requantization, requantization
from converters.target import Target


@dataclass(frozen=True, eq=False)
class Layer:
    """One CONV_2D with its tensors, for a target."""

    op: Windowed
    inputs: Sequence[Tensor]
    output: Tensor
    target: Target

    @property
    def x(self) -> Tensor:
        return self.inputs[0]

    @cached_property
    def weights(self) -> np.ndarray:
        """int8 [O, K], K over time, frequency, input channel."""
        w = self.inputs[1].values
        return w.reshape(len(w), -1)

    @property
    def depth(self) -> int:
        return self.weights.shape[1]

    @property
    def channels(self) -> int:
        return self.output.shape[3]

    @property
    def positions(self) -> int:
        """Of the output."""
        return self.output.shape[1] * self.output.shape[2]

    @cached_property
    def requantization(self) -> Requantization:
        bias = self.inputs[2].values if len(self.inputs) > 2 else None
        reals = self.x.q.scale * np.array(self.inputs[1].q.scales, np.float64) / self.output.q.scale
        return requantization(self.weights, bias, self.x.q, reals, self.output.q)

    @cached_property
    def step(self) -> int:
        """Bytes from one window to the next where all are contiguous, evenly spaced and inside x; else 0."""
        x, y, (kt, kf) = self.x.shape, self.output.shape, self.op.kernel(self.inputs)
        (st, sf), (dt, df) = self.op.stride, self.op.dilation
        whole_rows = (dt == 1 or kt == 1) and kf == x[2] and (df == 1 or kf == 1)
        contiguous = whole_rows or (kt == 1 and (df == 1 or kf == 1))
        if any(self.op.pads) or not contiguous:
            return 0
        if y[2] == 1:
            return st * x[2] * x[3]
        return sf * x[3] if y[1] == 1 or (st == 1 and y[2] * sf == x[2]) else 0

    @property
    def limits(self) -> tuple[int, int]:
        """Of the output."""
        return activation_limits(self.op.activation, self.output.q)

    @property
    def words(self) -> int:
        """How pairs.h finds the rows of a window: 2 as words, 1 as words unless they are padded, 0 as bytes."""
        if self.op.dilation[1] != 1:
            return 0
        return 2 if self.x.shape[3] % 4 == 0 else int(self.op.kernel(self.inputs)[1] * self.x.shape[3] % 4 == 0)

    @cached_property
    def runs(self) -> tuple[int, int]:
        """(count, bytes) of the runs that a DSP kernel reads a window in: its rows, where rounding each up to words
        costs fewer products than gathering a window costs copies; else all of it."""
        kt, kf = self.op.kernel(self.inputs)
        row, whole = _words(kf * self.x.shape[3]), _words(self.depth)
        # Instructions, as measured: .75 a product, 3 a value gathered.
        by_rows = 0.75 * (kt * row - whole) * self.channels <= 3 * self.depth
        return (kt, row) if by_rows and not self.step else (1, whole)

    def in_runs(self, weights: np.ndarray) -> np.ndarray:
        """[O, K] with zeros where ``runs`` are rounded up."""
        count, size = self.runs
        rows = weights.reshape(len(weights), count, -1)
        return np.pad(rows, ((0, 0), (0, 0), (0, size - rows.shape[2]))).reshape(len(weights), -1)

    def fields(self, weights: np.ndarray, channels: np.ndarray) -> dict[str, Field]:
        """nh_conv_t."""
        x, y, op = self.x, self.output, self.op
        low, high = self.limits
        return {
            **dict(zip(("x_t", "x_f", "x_c"), x.shape[1:], strict=True)),
            **dict(zip(("y_t", "y_f", "y_c"), y.shape[1:], strict=True)),
            **dict(zip(("k_t", "k_f"), op.kernel(self.inputs), strict=True)),
            **dict(zip(("stride_t", "stride_f"), op.stride, strict=True)),
            **dict(zip(("dilation_t", "dilation_f"), op.dilation, strict=True)),
            **{"pad_t": op.pads[0], "pad_f": op.pads[2], "step": self.step},
            **dict(zip(("runs", "run"), self.runs, strict=True)),
            **{"x_zero": x.q.zero_point, "low": low, "high": high},
            **{"weights": weights, "channels": channels},
        }

    def lead_bytes(self, first: np.ndarray, copied: bool) -> int:
        """``Kernel.lead_bytes`` of a kernel that makes outputs in groups from the positions ``first`` on; ``copied``:
        the windows of a group are in scratch before its outputs are written."""
        ends = np.append(first[1:], self.positions)
        later = np.append(np.minimum.accumulate(self._lowest_reads()[::-1])[::-1], np.iinfo(np.int64).max)
        reads = later[ends if copied else first]
        return max(0, int((ends * self.channels - reads).max()))

    def _lowest_reads(self) -> np.ndarray:
        """The first byte of x that each output position reads."""
        x, y, (kt, _) = self.x.shape, self.output.shape, self.op.kernel(self.inputs)
        frame = np.maximum(np.arange(y[1]) * self.op.stride[0] - self.op.pads[0], 0)
        band = np.maximum(np.arange(y[2]) * self.op.stride[1] - self.op.pads[2], 0)
        # A padded window may begin within its second row.
        column = band if kt == 1 or not any(self.op.pads) else 0 * band
        return (frame[:, None] * x[2] * x[3] + column * x[3]).ravel()


def _words(n: int) -> int:
    """Bytes of the whole words that hold n."""
    return -(-n // 4) * 4
