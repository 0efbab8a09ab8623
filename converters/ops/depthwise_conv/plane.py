"""Depthwise kernels that work through a channel's padded plane: geometry and packed constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.kernel import Field, Kernel
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.requantize import int32

ROW = 64
"""Values of a row of the DSP kernel's plane (NH_PLANE_ROW is its bytes)."""
BAND_OUTPUTS = 48
"""Of a channel: so many make the call of the assembly little."""
SPILL = 4
"""Values that its windows read behind the last pair of outputs."""


@dataclass(frozen=True)
class Plane:
    """A layer with rows of the plane along axis ``inner`` of [1, T, F, C]: 1 or 2."""

    layer: Layer
    inner: int

    @property
    def outer(self) -> int:
        return 3 - self.inner

    @property
    def stride(self) -> int:
        """Along a row."""
        return self.layer.op.stride[self.inner - 1]

    @property
    def outputs(self) -> int:
        """Of a row."""
        return self.layer.y.shape[self.inner]

    @property
    def rows(self) -> int:
        return self._seen(self.outer)

    @property
    def values(self) -> int:
        """Of a row that windows see."""
        return self._seen(self.inner)

    @property
    def weights(self) -> np.ndarray:
        """[C, rows, values], along the plane's."""
        w = self.layer.w.values[0]
        return (w if self.inner == 2 else w.transpose(1, 0, 2)).transpose(2, 0, 1)

    def fields(self, row: int, origin: int) -> dict[str, Field]:
        """``nh_plane_t`` without its size and constants; the first window starts at value ``origin``."""
        layer, i, o = self.layer, self.inner, self.outer
        x, y, pads = layer.x.shape, layer.y.shape, layer.op.pads
        # What no window sees is not copied.
        inside = [max(0, min(x[a], self._seen(a) - pads[2 * a - 2])) for a in (i, o)]
        x_steps, y_steps = ({1: s[2] * s[3], 2: s[3]} for s in (x, y))
        return {
            "channels": x[3],
            "x_inner": inside[0],
            "x_outer": inside[1],
            "x_inner_step": x_steps[i],
            "x_outer_step": x_steps[o],
            "y_inner": y[i],
            "y_outer": y[o],
            "y_inner_step": y_steps[i],
            "y_outer_step": y_steps[o],
            "row": row,
            "stride_outer": layer.op.stride[o - 1],
            "origin": origin,
            "inside": origin + pads[2 * i - 2] + pads[2 * o - 2] * row,
            "lanes": 4,
            "pad_outer": pads[2 * o - 2],
            "x_zero": layer.x.q.zero_point,
            "y_zero": layer.y.q.zero_point,
            "low": layer.limits[0],
            "high": layer.limits[1],
        }

    def _seen(self, axis: int) -> int:
        """Positions along an axis, padding included, from the first window's first to the last one's last."""
        op = self.layer.op
        window = op.dilation[axis - 1] * (self.layer.w.shape[axis] - 1) + 1
        return op.stride[axis - 1] * (self.layer.y.shape[axis] - 1) + window


def _planes(layer: Layer) -> list[Plane]:
    """The better first: rows of more outputs, as less is then done per row. Empty where no plane will do."""
    if layer.filters > 1 or not layer.requantization.narrow:
        return []
    axes = sorted((2, 1), key=lambda a: -layer.y.shape[a])
    return [Plane(layer, a) for a in axes if layer.op.stride[a - 1] <= 2 and layer.op.dilation[a - 1] == 1]


def portable(layer: Layer) -> Choice | None:
    """Any window without dilation along the plane's rows, stride 1 or 2 there."""
    planes = _planes(layer)
    if not planes:
        return None
    plane = planes[0]
    offsets, channels = _passes(plane)
    # The last pass may look beyond the last window.
    row = plane.values + 2
    size, sums = plane.rows * row, 4 * plane.outputs
    places = (offsets @ np.array([row, 1])).astype(np.int32)
    kernel = Kernel(
        f"nh_depthwise_plane_{plane.stride}_s8",
        "depthwise_conv/op_plane.c",
        "nh_plane_t",
        plane.fields(row, 0)
        | {"size": size, "channel": channels, "channel_bytes": 4 * channels.shape[1]}
        | {"passes": places, "pass_count": len(places)},
        scratch_bytes=4 * size + sums,
        in_place=layer.overwrites,
        variant=f"planes of {plane.rows} x {plane.values}, {len(places)} passes",
    )
    if kernel.scratch_bytes > np.prod(layer.y.shape) + 1024:
        return None
    x = layer.x.shape
    each = layer.positions * (14 + 6 * len(places)) + layer.y.shape[plane.outer] * (8 + 12 * len(places))
    return Choice(layer.channels * (each + 2 * x[1] * x[2] + 30), kernel)


def _passes(plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """(row, value) of each pass's first tap [passes, 2]; ``nh_plane_channel_t`` of each channel as uint32 [C, ...]."""
    r, w = plane.layer.requantization, plane.weights
    threes = -(-w.shape[2] // 3)
    filled = np.zeros((len(w), w.shape[1], 3 * threes), np.int8)
    filled[:, :, : w.shape[2]] = w
    dilation = plane.layer.op.dilation[plane.outer - 1]
    offsets = np.array([(i * dilation, 3 * j) for i in range(w.shape[1]) for j in range(threes)])
    if len(offsets) == 1:
        offsets, filled = offsets.repeat(2, 0), np.concatenate([filled, 0 * filled], 1)
    packed = np.zeros((len(w), 2 + -(-(1 + 3 * len(offsets)) // 4)), np.uint32)
    packed[:, 0] = int32(r.bias - 128 * w.astype(np.int64).sum((1, 2))).view(np.uint32)
    packed[:, 1] = int32(r.factor).view(np.uint32)
    packed[:, 2:].view(np.int8)[:, 0] = r.right
    packed[:, 2:].view(np.int8)[:, 1 : 1 + 3 * len(offsets)] = filled.reshape(len(w), -1)
    return offsets, packed


def dsp(layer: Layer) -> Choice | None:
    """Stride 1 or 2 along rows of up to 61 or 29 outputs."""
    square = layer.w.shape[1:3] == (3, 3) and layer.op.dilation == (1, 1)
    fitting = [p for p in _planes(layer) if square and p.outputs >= 2 and _row_values(p) <= ROW]
    r = layer.requantization
    # The assembly works on 256 times the accumulator, and offsets it on 128 times the multiplied one.
    offset = np.abs(2 * r.zero_point + 1) << (r.right + 6)
    if not fitting or (r.bound >= 2**23).any() or (offset >= 2**30).any():
        return None
    plane, sign = fitting[0], "positive" if layer.limits[0] >= r.zero_point else "signed"
    lanes = 4 if layer.channels % 4 == 0 else 1
    band = _band(plane, lanes)
    rows = layer.op.stride[plane.outer - 1] * (band - 1) + 3
    size, origin = (rows + 1) * ROW, ROW - _row_values(plane) + SPILL
    kernel = Kernel(
        f"nh_depthwise_plane_{plane.stride}_{sign}_s8",
        "depthwise_conv/op_plane_dsp.c",
        "nh_plane_t",
        plane.fields(ROW, origin)
        | {"size": size, "lanes": lanes, "band": band, "channel": _packed_pairs(plane)}
        | {"inside": origin + layer.op.pads[2 * plane.inner - 2]},
        # Rows are aligned to their length.
        scratch_bytes=2 * size * lanes + 2 * ROW - 4,
        in_place=layer.overwrites if _bands_stay_behind(plane, band) else (),
        variant=f"3x3 by {lanes} planes of {rows} rows, 2 outputs",
    )
    return Choice(_estimate(plane, sign, lanes), kernel)


def _band(plane: Plane, lanes: int) -> int:
    """Rows of outputs at a time: all, or as many as planes have room for in no more memory than outputs elsewhere
    would take."""
    rows, stride = plane.layer.y.shape[plane.outer], plane.layer.op.stride[plane.outer - 1]
    room = max(int(np.prod(plane.layer.y.shape)), 2560)
    fewest = min(rows, -(-BAND_OUTPUTS // plane.outputs))
    fitting = int(room // (2 * ROW * lanes) - 4) // stride + 1
    count = -(-rows // max(fewest, min(rows, fitting)))
    band = -(-rows // count)
    return band if _bands_stay_behind(plane, band) or lanes == 1 else rows


def _bands_stay_behind(plane: Plane, band: int) -> bool:
    """Written over the input, a band of outputs leaves alone what later bands of its channel read."""
    layer, o = plane.layer, plane.outer
    x, y = layer.x.shape, layer.y.shape
    ends = np.arange(band, y[o], band)
    read = (ends - 1) * layer.op.stride[o - 1] + 3 - layer.op.pads[2 * o - 2]
    if o == 1:
        return bool((ends * y[2] <= read * x[2]).all())
    return not len(ends) or (x[2] == y[2] and bool((ends <= read).all()))


def _row_values(plane: Plane) -> int:
    return 2 * plane.stride * (plane.outputs // 2) + SPILL


def _packed_pairs(plane: Plane) -> np.ndarray:
    """uint32 [C, 5]: bias * 256 + shift, multiplier, and the weights of three kernel rows."""
    r = plane.layer.requantization
    rows = np.ascontiguousarray(plane.weights[:, :, [0, 1, 1, 2]])  # [C, 3, 4]
    packed = np.zeros((len(rows), 5), np.uint32)
    packed[:, 0] = int32(r.bias * 256 + r.right + 7).view(np.uint32)
    packed[:, 1] = int32(r.factor).view(np.uint32)
    packed[:, 2:] = rows.view("<u4")[:, :, 0]
    return packed


def _estimate(plane: Plane, sign: str, lanes: int) -> float:
    x, y = plane.layer.x.shape, plane.layer.y.shape
    pair = (29 if plane.stride == 1 else 32) + (7 if sign == "signed" else 0)
    row = pair * (plane.outputs // 2) + 18 * (plane.outputs % 2) + 10
    return x[3] * (row * y[plane.outer] + (2.1 if lanes == 4 else 2.7) * x[1] * x[2] + 8 * x[plane.outer] + 60)
