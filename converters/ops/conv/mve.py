"""MVE kernel of a convolution, and of what runs as one: FULLY_CONNECTED, a depthwise filter bank of one channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.kernel import Field, Kernel, lead
from converters.ops import activation_limits
from converters.ops.conv.layer import Layer
from converters.requantize import Requantization, int32

RECTIFIED, SIGNED, WIDE = range(3)
LANES = (0, 4, 8, 12), (2, 6, 10, 14), (1, 5, 9, 13), (3, 7, 11, 15)
"""Channels of a group of 16 in the order that include/mve.h works in."""


@dataclass(frozen=True)
class Windows:
    """Geometry: pairs are (time, frequency), triples with channels; pads are those before the first value."""

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int] = (0, 0)

    @property
    def inside(self) -> bool:
        """No window reaches into padding."""
        last = [(self.y[i] - 1) * self.stride[i] + (self.kernel[i] - 1) * self.dilation[i] for i in (0, 1)]
        return not any(self.pads) and last[0] < self.x[0] and last[1] < self.x[1]

    @property
    def contiguous(self) -> bool:
        """Every window is one run of bytes of x."""
        (k_t, k_f), (d_t, d_f) = self.kernel, self.dilation
        one_row = k_t == 1 and (d_f == 1 or k_f == 1)
        return self.inside and (one_row or (k_f == self.x[1] and (d_f == 1 or k_f == 1) and d_t == 1))

    @property
    def strip(self) -> tuple[int, int]:
        """(runs, columns of each) that hold all windows of an output row."""
        if self.dilation[1] == 1 and self.stride[1] <= self.kernel[1]:
            return 1, (self.y[1] - 1) * self.stride[1] + self.kernel[1]
        return self.y[1], self.kernel[1]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What becomes of the accumulators, per channel."""

    requantization: Requantization
    low: int
    high: int

    @property
    def mode(self) -> int:
        r = self.requantization
        if self.low >= r.zero_point and (r.shift <= 0).all():
            return RECTIFIED
        return SIGNED if r.narrow else WIDE

    def fields(self, order: np.ndarray) -> dict[str, Field]:
        """``nh_mve_output_t output`` for channels in groups of 4 (-1: none)."""
        fields: dict[str, Field] = {"y_zero": self.requantization.zero_point, "low": self.low, "high": self.high}
        fields |= {"mode": self.mode, "scaling": int32(self.scaling(order).ravel())}
        return {f"output.{name}": value for name, value in fields.items()}

    def scaling(self, order: np.ndarray) -> np.ndarray:
        """[groups, 2 or 3, 4]"""
        r = self.requantization
        right, left = np.minimum(r.shift, 0), np.maximum(r.shift, 0)
        rows = {
            RECTIFIED: (r.multiplier, right),
            SIGNED: (r.factor, -r.right),
            WIDE: (r.multiplier, right, left),
        }
        return np.stack([take(v, order) for v in rows[self.mode]], 1)


def order_of(by_sixteen: int, channels: int) -> np.ndarray:
    """[groups, 4] channels as they are worked on: the first by sixteen, then by four, -1 where there is none."""
    sixteens = (np.array(LANES)[None] + 16 * np.arange(by_sixteen // 16)[:, None, None]).reshape(-1, 4)
    rest = np.arange(by_sixteen, -(-channels // 4) * 4).reshape(-1, 4)
    order = np.concatenate([sixteens, rest])
    return np.where(order < channels, order, -1)


def take(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """values[order] along the first axis, zeros where order is -1."""
    filled = np.concatenate([values, np.zeros_like(values[:1])])
    return filled[order]


def kernel(layer: Layer) -> Kernel | None:
    """Of a CONV_2D; None where there is no MVE."""
    if "mve" not in layer.target.isas:
        return None
    op, w = layer.op, layer.inputs[1]
    x, y = layer.x.shape, layer.output.shape
    g = Windows(
        x=(x[1], x[2], x[3]),
        y=(y[1], y[2], y[3]),
        kernel=(w.shape[1], w.shape[2]),
        stride=op.stride,
        dilation=op.dilation,
        pads=(op.pads[0], op.pads[2]),
    )
    outputs = Outputs(layer.requantization, *activation_limits(op.activation, layer.output.q))
    return convolution(g, w.values, outputs, layer.x.q.zero_point)


def convolution(g: Windows, weights: np.ndarray, outputs: Outputs, x_zero: int) -> Kernel:
    """For weights int8 [O, kT, kF, I]."""
    direct = g.contiguous
    if not direct:
        weights = weights.transpose(0, 2, 1, 3)
    order = order_of(0 if outputs.mode == WIDE else len(weights) // 16 * 16, len(weights))
    runs, run = g.strip
    window = weights[0].size
    x_c = g.x[2]
    fields: dict[str, Field] = dict(zip(("x_t", "x_f", "x_c", "y_t", "y_f", "y_c"), (*g.x, *g.y), strict=True))
    fields |= {"k_t": g.kernel[0], "stride_t": g.stride[0], "stride_f": g.stride[1]}
    fields |= {"dilation_t": g.dilation[0], "dilation_f": g.dilation[1], "pad_t": g.pads[0], "pad_f": g.pads[1]}
    fields |= {"window": window, "step": _step(g, direct), "runs": runs, "run": run, "x_zero": x_zero}
    lump, places = _lump(g)
    zeros = 0 if g.inside else max(16, x_c)
    fields |= {"sums": _sums(g, direct, order), "zeros": zeros, "lump": lump, "places": places}
    fields |= {"weights": _packed(weights.reshape(len(weights), -1), outputs.requantization, order)}
    fields |= outputs.fields(order)
    # A ring's frames come through a strip, whose order of weights must be the same.
    ring = g.kernel[0] > 1 and (not direct or g.kernel[1] == 1)
    strip = zeros + runs * run * g.kernel[0] * x_c + 15
    return Kernel(
        "nh_conv_mve_direct_s8" if direct else "nh_conv_mve_s8",
        "conv/op_mve.c",
        "nh_conv_mve_t",
        fields,
        scratch_bytes=_sums(g, direct, order) + (strip if ring or not direct else 0),
        lead_bytes=_lead(g, direct),
        ring_function="nh_conv_mve_ring_s8" if ring else "",
        variant=f"{'direct' if direct else 'strip'}, 4 channels x 2 positions",
    )


def _lump(g: Windows) -> tuple[int, tuple[int, ...]]:
    """Columns that one vector holds and one scatter, whose offsets are bytes, spreads; 0 where they are large."""
    x_c, step = g.x[2], g.kernel[0] * g.x[2]
    count = min(16 // x_c, 1 + (256 - x_c) // step) if x_c <= 8 and g.dilation[1] == 1 else 0
    lanes = [lane // x_c * step + lane % x_c for lane in range(count * x_c)]
    return count, (*lanes, *[0] * (16 - len(lanes)))


def _sums(g: Windows, direct: bool, order: np.ndarray) -> int:
    """Bytes of the accumulators of two positions, or of sixteen channels where there are no two to be had."""
    pairs = g.y[1] > 1 or (direct and g.y[0] > 1)
    return 32 * len(order) if pairs and g.y[2] > 1 else 64


def _step(g: Windows, direct: bool) -> int:
    """Bytes from a window to the next."""
    if direct:
        return g.stride[0] * g.x[1] * g.x[2] if g.y[1] == 1 else g.stride[1] * g.x[2]
    columns = g.stride[1] if g.strip[0] == 1 else g.kernel[1]
    return columns * g.kernel[0] * g.x[2]


def _lead(g: Windows, direct: bool) -> int:
    x_row, y_row = g.x[1] * g.x[2], g.y[1] * g.y[2]
    step, positions = _step(g, direct), g.y[0] * g.y[1]
    if direct and g.y[1] * step == g.stride[0] * x_row:
        # Two positions are read before they are written; of those left at the end not all channels.
        paired, c = _paired(g, step), g.y[2]
        return max(
            lead(c, step, paired, pad=-2, rows_at_once=2),
            *(c * (i + 1) - step * i for i in range(paired, positions)),
            0,
        )
    # A strip holds all that its row of outputs needs.
    return lead(y_row, x_row, g.y[0], g.stride[0], g.pads[0] - (0 if direct else g.stride[0]))


def _paired(g: Windows, step: int) -> int:
    """Positions that are worked on by two: whole vectors are read, none from behind x."""
    window = -(-g.kernel[0] * g.kernel[1] * g.x[2] // 16) * 16
    within = (g.x[0] * g.x[1] * g.x[2] - window) // step + 1
    return max(0, min(g.y[0] * g.y[1], within)) // 2 * 2 if g.y[2] > 1 else 0


def _packed(weights: np.ndarray, r: Requantization, order: np.ndarray) -> np.ndarray:
    """[O, K] -> int8 of, for each 4 channels, their bias and [K / 16, 4, 16]; one channel alone is not filled up."""
    blocks = -(-weights.shape[1] // 16)
    filled = np.zeros((len(weights), blocks * 16), np.int8)
    filled[:, : weights.shape[1]] = weights
    grouped = take(filled, order).reshape(len(order), 4, blocks, 16).transpose(0, 2, 1, 3)
    if len(weights) == 1:
        grouped = grouped[:, :, :1]
    bias = int32(take(r.bias, order)).view(np.int8).reshape(len(order), 16)
    return np.concatenate([bias, grouped.reshape(len(order), -1)], 1).ravel()
