"""Depthwise kernels that work through a channel's padded plane: geometry and packed constants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.kernel import Field, Kernel
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.requantize import int32
from converters.staircase import Scaling, Staircase, scaling

FINE_BITS = 12
"""Of the brief scaling's second product."""
ROW = 64
"""Values of a row of the DSP kernel's plane (NH_PLANE_ROW is its bytes)."""
BAND_OUTPUTS = 48
"""Of a channel: so many make the call of the assembly little."""
SHIFT = 12
"""That all channels share in the brief DSP kernel."""
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
    offsets, weights = _passes(plane)
    # The last pass may look beyond the last window.
    row = plane.values + 2
    size = plane.rows * row
    brief = _brief(layer)
    channels = _packed_bytes(layer, brief or _exact(layer), weights)
    kernel = Kernel(
        f"nh_depthwise_plane_{plane.stride}_{'brief' if brief else 'exact'}_s8",
        "depthwise_conv/op_plane.c",
        "nh_plane_t",
        plane.fields(row, 0)
        | {"size": size, "channel": channels, "channel_bytes": 4 * channels.shape[1]}
        | {"passes": (offsets @ np.array([row, 1])).astype(np.int32), "pass_count": len(offsets)}
        | {"threes": _back(plane, offsets)},
        scratch_bytes=4 * (size + plane.outputs),
        in_place=layer.overwrites,
        variant=f"planes of {plane.rows} x {plane.values}, {len(offsets)} passes{', brief' * bool(brief)}",
    )
    if kernel.scratch_bytes > np.prod(layer.y.shape) + 1024:
        return None
    x = layer.x.shape
    each = layer.positions * (14 + 6 * len(offsets)) + layer.y.shape[plane.outer] * (8 + 12 * len(offsets))
    return Choice(layer.channels * (each + 2 * x[1] * x[2] + 30), kernel)


def _back(plane: Plane, offsets: np.ndarray) -> int:
    """nh_plane_t.threes."""
    window = plane.weights.shape[1:] == (3, 3) and len(offsets) == 3
    return -(plane.outputs % -3) * 4 * plane.stride if window and plane.outputs >= 3 else -1


def _passes(plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """(row, value) of each pass's first tap [passes, 2], and weights of three taps each, int8 [C, 3 * passes]."""
    w = plane.weights
    threes = -(-w.shape[2] // 3)
    filled = np.zeros((len(w), w.shape[1], 3 * threes), np.int8)
    filled[:, :, : w.shape[2]] = w
    dilation = plane.layer.op.dilation[plane.outer - 1]
    offsets = np.array([(i * dilation, 3 * j) for i in range(w.shape[1]) for j in range(threes)])
    if len(offsets) == 1:
        offsets, filled = offsets.repeat(2, 0), np.concatenate([filled, 0 * filled], 1)
    return offsets, filled.reshape(len(w), -1)


def _exact(layer: Layer) -> Scaling:
    """For ``nh_requantize``."""
    r = layer.requantization
    return Scaling(r.factor, np.left_shift(2 * r.zero_point + 1, r.right - 1), r.right)


def _brief(layer: Layer) -> Scaling | None:
    """Sums times coarse + fine / 2**12, plus an offset, shifted; multiplier = coarse * 2**16 + fine. It fails for
    outputs on both sides of the zero point, as their halves are rounded away from it."""
    r = layer.requantization
    size = np.maximum(np.abs(r.lowest), np.abs(r.highest))
    if (size >= 2 ** (31 - FINE_BITS)).any():
        return None
    real = r.factor / 2.0 ** (31 + r.right)
    # The sums fill int32, with room for an offset.
    shift = np.minimum(np.floor(30 - np.log2(size * real + 256)), 24).astype(np.int64)
    nearest = np.round(real * 2.0 ** (shift + FINE_BITS)).astype(np.int64)
    made = scaling(Staircase(r, *layer.limits), lambda acc, m: (acc * m) >> FINE_BITS, nearest, shift)
    if made is None or (made.multiplier < 0).any():
        return None
    coarse, fine = made.multiplier >> FINE_BITS, made.multiplier % (1 << FINE_BITS)
    if (coarse >= 2**15).any() or (size * coarse + np.abs(made.offset) >= 2**31).any():
        return None
    return Scaling((coarse << 16) + fine, made.offset, made.shift)


def _packed_bytes(layer: Layer, scaled: Scaling, weights: np.ndarray) -> np.ndarray:
    """``nh_plane_channel_t`` of each channel as uint32 [C, ...]."""
    bias = layer.requantization.bias - 128 * weights.astype(np.int64).sum(1)
    words = int32(np.stack([bias, scaled.multiplier, scaled.offset], 1)).view(np.uint32)
    small = np.zeros((len(weights), -(-(1 + weights.shape[1]) // 4) * 4), np.int8)
    small[:, 0] = scaled.shift
    small[:, 1 : 1 + weights.shape[1]] = weights
    return np.concatenate([words, small.view("<u4")], 1)


def dsp(layer: Layer) -> Choice | None:
    """Stride 1 or 2 along rows of up to 61 or 29 outputs."""
    square = layer.w.shape[1:3] == (3, 3) and layer.op.dilation == (1, 1)
    fitting = [p for p in _planes(layer) if square and p.outputs >= 2 and _row_values(p) <= ROW]
    scaled = _by_256(layer) if fitting else None
    if scaled is None:
        return None
    plane, (kind, constants) = fitting[0], scaled
    lanes = 4 if layer.channels % 4 == 0 else 1
    band = _band(plane, lanes)
    rows = layer.op.stride[plane.outer - 1] * (band - 1) + 3
    size, origin = (rows + 1) * ROW, ROW - _row_values(plane) + SPILL
    kernel = Kernel(
        f"nh_depthwise_pairs_{plane.stride}_{kind}_s8",
        "depthwise_conv/op_plane_dsp.c",
        "nh_plane_t",
        plane.fields(ROW, origin)
        | {"size": size, "lanes": lanes, "band": band, "channel": _packed_pairs(plane, constants)}
        | {"inside": origin + layer.op.pads[2 * plane.inner - 2]},
        # Rows are aligned to their length.
        scratch_bytes=2 * size * lanes + 2 * ROW - 4,
        in_place=layer.overwrites if _bands_stay_behind(plane, band) else (),
        variant=f"3x3, {lanes} planes of {rows} rows, {kind}",
    )
    return Choice(_estimate(plane, kind, lanes), kernel)


def _by_256(layer: Layer) -> tuple[str, Scaling] | None:
    """The kernel's kind, and how it scales 256 times the accumulator."""
    r = layer.requantization
    if (r.bound >= 2**23).any():
        return None
    positive = layer.limits[0] >= r.zero_point
    if positive:
        # 2**(12 - 7) of the multiplier's scale is what one shift for all channels leaves.
        nearest = np.round(r.factor * 2.0 ** (SHIFT - 7 - r.right)).astype(np.int64)
        fits = bool((nearest < 2**31 - 64).all())
        shift = np.full(len(nearest), SHIFT)
        stairs = Staircase(r, *layer.limits)
        made = scaling(stairs, lambda acc, m: (256 * acc * m) >> 32, nearest, shift) if fits else None
        if made is not None and (np.abs(made.multiplier) < 2**31).all():
            return "brief", made
    # The sum's half beside the shift's, both times 128.
    offset = ((2 * r.zero_point + 1) << (r.right + 6)) + 64
    if (np.abs(offset) >= 2**30).any():
        return None
    return "positive" if positive else "signed", Scaling(r.factor, offset, r.right + 7)


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


def _packed_pairs(plane: Plane, scaled: Scaling) -> np.ndarray:
    """uint32 [C, 6]: bias * 256 + shift, multiplier, offset, and the weights of three kernel rows."""
    bias = plane.layer.requantization.bias * 256 + scaled.shift
    rows = np.ascontiguousarray(plane.weights[:, :, [0, 1, 1, 2]])  # [C, 3, 4]
    words = int32(np.stack([bias, scaled.multiplier, scaled.offset], 1)).view(np.uint32)
    return np.concatenate([words, rows.view("<u4")[:, :, 0]], 1)


def _estimate(plane: Plane, kind: str, lanes: int) -> float:
    x, y = plane.layer.x.shape, plane.layer.y.shape
    pair = (29 if plane.stride == 1 else 32) + {"brief": -2, "positive": 0, "signed": 7}[kind]
    row = pair * (plane.outputs // 2) + 18 * (plane.outputs % 2) + 10
    return x[3] * (row * y[plane.outer] + (2.1 if lanes == 4 else 2.7) * x[1] * x[2] + 8 * x[plane.outer] + 60)
