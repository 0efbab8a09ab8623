"""Depthwise kernels that work on words of four channels through a table of taps."""

from __future__ import annotations

import numpy as np

from converters.kernel import Kernel
from converters.ops.depthwise_conv.layer import Choice, Layer
from converters.ops.depthwise_conv.portable import table_bytes
from converters.requantize import int32

FOUR = 4
"""Channels of a word."""


def dsp(layer: Layer) -> Choice | None:
    """Any window over at least four channels, one filter each."""
    if layer.filters > 1 or layer.channels < FOUR or not layer.requantization.narrow:
        return None
    kernel = Kernel(
        "nh_depthwise_words_s8",
        "depthwise_conv/op_dsp.c",
        "nh_depthwise_t",
        layer.fields | {"weights": _constants(layer)},
        scratch_bytes=table_bytes(layer, 3),
        ring_function="nh_depthwise_words_ring_s8",
        variant="taps, words of 4 channels",
    )
    groups = -(-layer.channels // FOUR)
    each = 7 * layer.taps + 20 + groups * (17 * -(-layer.taps // 2) + 42)
    return Choice(layer.positions * each, kernel)


def _channels(layer: Layer) -> np.ndarray:
    """[groups, 4] channels of each word: the last four overlap with those before when four do not divide them."""
    starts = np.minimum(np.arange(0, layer.channels, FOUR), layer.channels - FOUR)
    return starts[:, None] + np.arange(FOUR)


def _weights(layer: Layer) -> np.ndarray:
    """Twice the weights as [groups, pairs of taps, 4] words of two int16; a missing tap is 0."""
    taps = np.zeros((layer.taps + layer.taps % 2, layer.channels), np.int16)
    taps[: layer.taps] = 2 * layer.flat_weights.astype(np.int16)
    grouped = taps[:, _channels(layer)]  # [taps, groups, 4]
    pairs = grouped.reshape(len(taps) // 2, 2, -1, FOUR)
    return np.ascontiguousarray(pairs.transpose(2, 0, 3, 1)).view("<u4")[..., 0]


def _constants(layer: Layer) -> np.ndarray:
    """What ``nh_depthwise_words`` reads for each four channels, as uint32 [groups, 13 + 4 * pairs]."""
    r, channels = layer.requantization, _channels(layer)
    rounding = np.left_shift(2 * r.zero_point + 1, r.right - 1)
    scale = np.stack([r.factor[channels], rounding[channels]], 2).reshape(len(channels), 2 * FOUR)
    shift = (r.right[channels] << (8 * np.arange(FOUR))).sum(1, keepdims=True)
    bias, scale = (int32(v).view(np.uint32) for v in (2 * r.bias[channels], scale))
    weights = _weights(layer).reshape(len(channels), -1)
    return np.concatenate([bias, weights, scale, shift.astype(np.uint32)], 1)
