"""Kernels of a depthwise convolution over one channel: a bank of filters, which is a convolution too."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.graph import Tensor
from converters.kernel import Kernel, lead
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.requantize import int32

ROW = 48
"""Values of a row of the DSP kernel (NH_BANK_ROW is its bytes)."""
BANDS = 8
"""Of a filter, at most."""


def convolution(layer: Layer) -> Choice | None:
    """CONV_2D with the filters as output channels."""
    if layer.x.shape[3] > 1:
        return None
    op = layer.op
    conv = Conv(op.stride, op.dilation, op.pads, op.activation)
    w, scales = layer.w, layer.w.q
    weights = Tensor.constant(
        w.name, w.values.transpose(3, 1, 2, 0), dataclasses.replace(scales, axis=0) if scales.per_channel else scales
    )
    bias = [] if layer.bias is None else [Tensor.constant(f"{w.name} bias", layer.bias)]
    kernel = conv.c_kernel([layer.x, weights, *bias], [layer.y], layer.target)
    each = 1.6 if "dsp" in layer.target.isas else 3.0
    return Choice(layer.positions * (layer.taps * 6 + layer.channels * (8 + each * layer.taps)), kernel)


def dsp(layer: Layer) -> Choice | None:
    """Filters of up to 8 bands, stride 2 along bands."""
    op, w, y, r = layer.op, layer.w, layer.y.shape, layer.requantization
    if layer.x.shape[3] > 1 or op.stride[1] != 2 or op.dilation != (1, 1) or w.shape[2] > BANDS or not r.narrow:
        return None
    if y[2] < 2 or 2 * (y[2] - 1) + BANDS > ROW or op.pads[2] >= ROW:
        return None
    kept = max(0, w.shape[1] - op.stride[0])
    kernel = Kernel(
        "nh_depthwise_bank_s8",
        "depthwise_conv/op_bank_dsp.c",
        "nh_depthwise_t",
        layer.fields | {"weights": _constants(layer)},
        scratch_bytes=2 * ROW * w.shape[1],
        # Rows that are kept are not read again.
        lead_bytes=lead(y[2] * y[3], layer.x.shape[2], y[1], op.stride[0], op.pads[0] - kept),
        ring_function="nh_depthwise_bank_ring_s8",
        variant="bank of filters, 2 positions",
    )
    pair = 12 * w.shape[1] + 34
    return Choice(y[1] * (layer.channels * (y[2] / 2 * pair + 60) + 5 * layer.x.shape[2] * op.stride[0]), kernel)


def _constants(layer: Layer) -> np.ndarray:
    """For each filter bias, multiplier, rounding, right shift, then rows of 8 int16, as uint32; bias and weights
    twice, as SMMLAR wants."""
    r, w = layer.requantization, layer.w.values[0].transpose(2, 0, 1).astype(np.int16)  # [O, kT, kF]
    rows = np.zeros((*w.shape[:2], BANDS), np.int16)
    rows[:, :, : w.shape[2]] = 2 * w
    rounding = np.left_shift(2 * r.zero_point + 1, r.right - 1)
    constants = int32(np.stack([2 * r.bias, r.factor, rounding, r.right], 1)).view(np.uint32)
    return np.concatenate([constants, rows.reshape(len(w), -1).view("<u4")], 1)
