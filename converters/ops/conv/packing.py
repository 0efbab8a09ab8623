"""Weights and constants in the order in which the kernels read them."""

from __future__ import annotations

import numpy as np

from converters.requantize import Requantization, int32
from converters.staircase import Brief


def rounded(weights: np.ndarray, outputs: int, depth: int) -> np.ndarray:
    """[O, K] with zeros up to whole multiples."""
    o, k = weights.shape
    return np.pad(weights, ((0, -o % outputs), (0, -k % depth)))


def channels(r: Requantization, order: np.ndarray, bias_factor: int = 1) -> np.ndarray:
    """nh_channel_t of each output channel in ``order``: int32 [len(order), 4]."""
    rounding = (2 * r.zero_point + 1) << (r.right - 1)
    columns = bias_factor * r.bias, r.factor, r.right, rounding
    return np.stack([int32(c)[order] for c in columns], 1)


def any_scale(r: Requantization) -> np.ndarray:
    """Bias, multiplier, shift (to the left if positive) and zero point of each output channel: int32 [O, 4]."""
    columns = r.bias, r.multiplier, r.shift, np.full_like(r.shift, r.zero_point)
    return np.stack([int32(c) for c in columns], 1)


def paired(weights: np.ndarray, r: Requantization) -> np.ndarray | None:
    """int8 [2 n, K] -> int16 [n, K], 256 * b + a of neighbours; None where that leaves int16, or where the sum of b's
    products does not fit the upper 24 bits of an accumulator, from which it is taken."""
    v = 256 * weights[1::2].astype(np.int64) + weights[0::2]
    fits = (v >= -(2**15)).all() and (r.largest_sum < 2**23).all()
    return v.astype(np.int16) if fits else None


def offset(weights: np.ndarray) -> np.ndarray:
    """[O, K] for five.h: uint8 [O, K], w + 128."""
    return (rounded(weights, 1, 4).astype(np.int16) + 128).astype(np.uint8)


def pairs(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """[O, K] for pairs.h: uint8 [O, K] and a word, and which channels [O] allow four products at a time; None where
    a sum of two products leaves 16 bits."""
    quads = rounded(weights, 1, 4).astype(np.int64).reshape(len(weights), -1, 4)
    size = np.abs(quads)
    if (128 * (size[:, :, :2] + size[:, :, 2:]) >= 2**15).any():
        return None
    four = (128 * size.sum(2) < 2**15).all(1)
    packed = (quads[:, :, [2, 3, 0, 1]] + 128).astype(np.uint8).ravel()
    return np.pad(packed, (0, 4)), four


def pairs_channels(r: Requantization, scaled: Brief, four: np.ndarray) -> np.ndarray:
    """nh_pairs_channel_t of each output channel: int32 [O, 7]."""
    columns = r.bias, scaled.fine, scaled.coarse, scaled.offset, scaled.negative, scaled.shift, four
    return np.stack([int32(c) for c in columns], 1)


def halves(pairs: np.ndarray) -> np.ndarray:
    """[n, K] -> [n, K / 4, 2, 2]: k = 0, 2 and k = 1, 3, as SXTB16 splits a word of x."""
    return pairs.reshape(len(pairs), -1, 2, 2).transpose(0, 1, 3, 2)


def blocks_dsp(weights: np.ndarray, r: Requantization) -> np.ndarray | None:
    """[O, K] for block_dsp.h: int16 [O / 2, K / 4, 2, 2]; None where such pairs do not hold them."""
    pairs = paired(rounded(weights, 2, 4), r)
    return None if pairs is None else np.ascontiguousarray(halves(pairs))


def row_order(outputs: int) -> np.ndarray:
    """Channels as row_dsp.h makes them: fours, the last of which are the last four, whatever was before."""
    starts = np.minimum(np.arange(0, outputs, 4), max(outputs - 4, 0))
    return np.minimum((starts[:, None] + np.arange(4)).ravel(), outputs - 1)


def rows(weights: np.ndarray) -> np.ndarray:
    """[O, K] for row.h, O >= 4: uint8 [groups of K * 8 or K * 4], w + 128: eights of channels, then fours, the last of
    which are the last four, whatever was before."""
    outputs = len(weights)
    starts = [*range(0, outputs - 7, 8), *range(outputs // 8 * 8, outputs, 4)]
    widths = [8 if s + 8 <= outputs else 4 for s in starts]
    groups = [weights[min(s, outputs - n) :][:n] for s, n in zip(starts, widths, strict=True)]
    return np.concatenate([(g.astype(np.int16) + 128).astype(np.uint8).T.ravel() for g in groups])


def rows_dsp(weights: np.ndarray, r: Requantization) -> np.ndarray | None:
    """[O, K] for row_dsp.h: int16 [O / 4, K / 4, 2 pairs, 2, 2]; None where such pairs do not hold them."""
    pairs = paired(rounded(weights[row_order(len(weights))], 4, 4), r)
    if pairs is None:
        return None
    split = halves(pairs)  # [O / 2, K / 4, 2, 2]
    return np.ascontiguousarray(split.reshape(-1, 2, *split.shape[1:]).transpose(0, 2, 1, 3, 4))


def row_bytes_dsp(weights: np.ndarray) -> np.ndarray:
    """[O, K] for row_dsp.h where pairs do not hold them: int8 [O / 4, K / 4, 4 channels, 4]."""
    w = rounded(weights[row_order(len(weights))], 4, 4).astype(np.int8)
    return np.ascontiguousarray(w.reshape(-1, 4, w.shape[1] // 4, 4).transpose(0, 2, 1, 3))
