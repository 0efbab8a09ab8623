"""MVE kernels of a depthwise convolution."""

from __future__ import annotations

import numpy as np

from converters.kernel import Field, Kernel, lead
from converters.ops.conv.mve import LANES, SIGNED, WIDE, Outputs, Windows, convolution
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.requantize import int32

SIXTEEN = 16
"""Channels of a vector."""


def bank(layer: Layer) -> Choice | None:
    """All filters of a single channel: a convolution."""
    if layer.x.shape[3] > 1:
        return None
    x, y, op = layer.x.shape, layer.y.shape, layer.op
    g = Windows(
        x=(x[1], x[2], x[3]),
        y=(y[1], y[2], y[3]),
        kernel=(layer.w.shape[1], layer.w.shape[2]),
        stride=op.stride,
        dilation=op.dilation,
        pads=(op.pads[0], op.pads[2]),
    )
    weights = layer.w.values.transpose(3, 1, 2, 0)
    kernel = convolution(g, weights, Outputs(layer.requantization, *layer.limits), layer.x.q.zero_point)
    each = 40 + layer.channels * (3 + 0.13 * -(-layer.taps // SIXTEEN) * SIXTEEN)
    return Choice(layer.positions * each, kernel)


def taps(layer: Layer) -> Choice | None:
    """Any window over at least sixteen channels, one filter each."""
    outputs = Outputs(layer.requantization, *layer.limits)
    if layer.filters > 1 or layer.channels < SIXTEEN or outputs.mode == WIDE or not _pairs_fit(layer):
        return None
    starts = np.minimum(np.arange(0, layer.channels, SIXTEEN), layer.channels - SIXTEEN)
    constants = _constants(layer, outputs, starts)
    pairs, odd = _counts(layer)
    fields: dict[str, Field] = {f"layer.{k}": v for k, v in layer.fields.items()}
    fields |= {"layer.weights": constants.ravel(), "pairs": pairs, "odd": odd, "sixteens": len(starts)}
    fields |= {"group_bytes": constants.shape[1], "rectified": outputs.mode}
    fields |= dict(zip(("first_t", "end_t", "first_f", "end_f"), (*_inside(layer, 0), *_inside(layer, 1)), strict=True))
    overwrites = layer.channels % SIXTEEN == 0 and _reads_ahead(layer)
    kernel = Kernel(
        "nh_depthwise_mve_s8",
        "depthwise_conv/op_mve.c",
        "nh_depthwise_mve_t",
        fields,
        scratch_bytes=layer.padding_bytes + 4 * (layer.taps + 1),
        in_place=(0,) if overwrites else (),
        ring_function="nh_depthwise_mve_ring_s8",
        variant="taps, 16 channels",
    )
    return Choice(layer.positions * (20 + 2 * layer.taps + len(starts) * (11.5 * layer.taps + 39)), kernel)


def _inside(layer: Layer, axis: int) -> tuple[int, int]:
    """First and end of the outputs along time or frequency whose windows have no tap in the padding."""
    op, pad = layer.op, layer.op.pads[2 * axis]
    extent = (layer.w.shape[axis + 1] - 1) * op.dilation[axis] + 1
    last = (layer.x.shape[axis + 1] + pad - extent) // op.stride[axis]
    return -(-pad // op.stride[axis]), min(layer.y.shape[axis + 1], last + 1)


def _counts(layer: Layer) -> tuple[int, int]:
    """(pairs of taps, taps left over)"""
    return (1, 0) if layer.taps == 1 else divmod(layer.taps, 2)


def patches(layer: Layer) -> Choice | None:
    """3x3, stride 1, at least two bands wide."""
    op, r, outputs = layer.op, layer.requantization, Outputs(layer.requantization, *layer.limits)
    (x_f, c), (y_t, y_f) = layer.x.shape[2:], layer.y.shape[1:3]
    small = layer.w.shape[1:3] == (3, 3) and (op.stride, op.dilation) == ((1, 1), (1, 1))
    if layer.filters > 1 or not small or y_f < 2 or outputs.mode == WIDE:
        return None
    factor, right = (r.factor, r.right) if outputs.mode == SIGNED else (r.multiplier, -r.shift)
    fields: dict[str, Field] = {f"layer.{k}": v for k, v in layer.fields.items()}
    fields |= {"layer.weights": _patch_weights(layer), "rectified": outputs.mode}
    fields |= {"scales": int32(np.stack([r.bias, factor, -right], 1).ravel())}
    passes, patches = -(-y_t // 2), -(-y_f // 2)
    kernel = Kernel(
        "nh_depthwise_patch_s8",
        "depthwise_conv/op_patch_mve.c",
        "nh_depthwise_patch_t",
        fields,
        scratch_bytes=4 * (y_f + 2) * c + x_f * c,
        # Two rows beyond those of its outputs are in scratch.
        lead_bytes=lead(y_f * c, x_f * c, y_t, pad=op.pads[0] - 4, rows_at_once=2),
        ring_function="nh_depthwise_patch_ring_s8",
        variant="3x3 by patches of 2 x 2",
    )
    each = 17 + (18 + 2 * (outputs.mode == SIGNED)) * patches
    return Choice(c * (passes * each + (passes + 1) * 1.5 * x_f), kernel)


def _patch_weights(layer: Layer) -> np.ndarray:
    """[C, 4, 4] int8 column by column, the first and every fourth value 0, and four zeros."""
    columns = np.zeros((layer.channels, 4, 4), np.int8)
    columns[:, 1:, :3] = layer.w.values[0].transpose(2, 1, 0)
    return np.append(columns.ravel(), np.zeros(4, np.int8))


def _pairs_fit(layer: Layer) -> bool:
    """Two products of int8 in int16: all but twice (-128)**2."""
    w = layer.flat_weights[: layer.taps // 2 * 2].reshape(-1, 2, layer.channels)
    return not (w == -128).all(1).any()


def _constants(layer: Layer, outputs: Outputs, starts: np.ndarray) -> np.ndarray:
    """For each 16 channels their biases [4, 4], weights [taps, 16] and scaling [4, 2, 4], as int8."""
    order = (starts[:, None, None] + np.array(LANES)).reshape(-1, 4)
    pairs, odd = _counts(layer)
    weights = np.zeros((2 * pairs + odd, layer.channels), np.int8)
    weights[: layer.taps] = layer.flat_weights
    groups = weights[:, starts[:, None] + np.arange(SIXTEEN)].transpose(1, 0, 2)  # [groups, taps, 16]
    words = layer.requantization.bias[order], outputs.scaling(order)
    bias, scaling = (int32(v).view(np.int8).reshape(len(starts), -1) for v in words)
    return np.concatenate([bias, groups.reshape(len(starts), -1), scaling], 1)


def _reads_ahead(layer: Layer) -> bool:
    """No position is read after the output of the same number was written."""
    x, y, op = layer.x.shape, layer.y.shape, layer.op
    frame = np.maximum(np.arange(y[1]) * op.stride[0] - op.pads[0], 0)
    band = np.maximum(np.arange(y[2]) * op.stride[1] - op.pads[2], 0)
    lowest = (frame[:, None] * x[2] + band).ravel()
    later = np.minimum.accumulate(lowest[::-1])[::-1]
    return bool((np.arange(len(lowest) - 1) < later[1:]).all())
