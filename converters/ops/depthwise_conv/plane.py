"""Depthwise 3 x 3 kernels that work through a channel's padded plane: geometry and packed constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.kernel import Field, Kernel
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.requantize import int32

ROW = 64
"""Values of a row of the plane (NH_PLANE_ROW is its bytes)."""
SPILL = 4
"""Values that a window reads behind the last pair of outputs."""


@dataclass(frozen=True)
class Axes:
    """The axes of [T, F] that the plane's rows run along, and step from row to row: 1 or 2 each."""

    inner: int

    @property
    def outer(self) -> int:
        return 3 - self.inner


def _axes(layer: Layer) -> Axes:
    """Rows along the axis of more outputs: less is done per row, and the odd output weighs less."""
    fitting = [a for a in (2, 1) if _row_values(layer, a) <= ROW and layer.op.stride[a - 1] <= 2]
    return Axes(max(fitting, key=lambda a: layer.y.shape[a], default=0))


def _row_values(layer: Layer, axis: int) -> int:
    return 2 * layer.op.stride[axis - 1] * (layer.y.shape[axis] // 2) + SPILL


def dsp(layer: Layer) -> Choice | None:
    """Stride 1 or 2 along rows of up to 61 or 29 outputs."""
    axes, r = _axes(layer), layer.requantization
    simple = layer.w.shape[1:3] == (3, 3) and layer.op.dilation == (1, 1) and layer.filters == 1
    # The assembly works on 256 times the accumulator.
    if not (simple and r.narrow and axes.inner and layer.y.shape[axes.inner] >= 2 and (r.bound < 2**23).all()):
        return None
    if (np.abs(2 * r.zero_point + 1) << (r.right + 6)).max() + 2**30 >= 2**31:
        return None
    sign = "positive" if layer.limits[0] >= r.zero_point else "signed"
    fields = _geometry(layer, axes)
    rows = int(fields["size"]) // ROW  # type: ignore[arg-type]
    kernel = Kernel(
        f"nh_depthwise_plane_{layer.op.stride[axes.inner - 1]}_{sign}_s8",
        "depthwise_conv/op_plane_dsp.c",
        "nh_plane_t",
        fields | {"channel": _packed(layer, axes)},
        scratch_bytes=2 * rows * ROW + 2 * ROW - 4,
        in_place=layer.overwrites,
        variant=f"3x3 by plane of {rows} rows, 2 outputs",
    )
    return Choice(_estimate(layer, axes, sign), kernel)


def _geometry(layer: Layer, axes: Axes) -> dict[str, Field]:
    i, o, x, y, op = axes.inner, axes.outer, layer.x.shape, layer.y.shape, layer.op
    stride, pads = op.stride[i - 1], (op.pads[2 * i - 2], op.pads[2 * o - 2])
    origin = ROW - 2 * stride * (y[i] // 2)
    rows = op.stride[o - 1] * (y[o] - 1) + 3
    # A window never reads beyond these; what of the input lies there is not copied.
    seen = [min(x[a], op.stride[a - 1] * (y[a] - 1) + 3 - op.pads[2 * a - 2]) for a in (i, o)]
    steps = {1: (x[2] * x[3], y[2] * y[3]), 2: (x[3], y[3])}
    return {
        "channels": x[3],
        "x_inner": seen[0],
        "x_outer": seen[1],
        "x_inner_step": steps[i][0],
        "x_outer_step": steps[o][0],
        "y_inner": y[i],
        "y_outer": y[o],
        "y_inner_step": steps[i][1],
        "y_outer_step": steps[o][1],
        "stride_outer": op.stride[o - 1],
        "origin": origin,
        "inside": origin + pads[0] + pads[1] * ROW,
        "size": (rows + 1) * ROW,
        "x_zero": layer.x.q.zero_point,
        "y_zero": layer.y.q.zero_point,
        "low": layer.limits[0],
        "high": layer.limits[1],
    }


def _packed(layer: Layer, axes: Axes) -> np.ndarray:
    """[C, 5] words as uint32: bias * 256 + shift, multiplier, and the weights of three kernel rows."""
    r = layer.requantization
    w = layer.w.values[0] if axes.inner == 2 else layer.w.values[0].transpose(1, 0, 2)
    rows = np.ascontiguousarray(w.transpose(2, 0, 1)[:, :, [0, 1, 1, 2]])  # [C, 3, 4]
    packed = np.zeros((layer.channels, 5), np.uint32)
    packed[:, 0] = int32(r.bias * 256 + r.right + 7).view(np.uint32)
    packed[:, 1] = int32(r.factor).view(np.uint32)
    packed[:, 2:] = rows.view("<u4")[:, :, 0]
    return packed


def _estimate(layer: Layer, axes: Axes, sign: str) -> float:
    y, x = layer.y.shape, layer.x.shape
    pair = (29 if layer.op.stride[axes.inner - 1] == 1 else 32) + (7 if sign == "signed" else 0)
    row = pair * (y[axes.inner] // 2) + 18 * (y[axes.inner] % 2) + 10
    return layer.channels * (row * y[axes.outer] + 2.7 * x[1] * x[2] + 8 * x[axes.outer] + 60)
