"""What ATen calls become that networks for pictures use: slopes per channel, resizing, groups, gates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from converters.error import ConvertError
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.prelu.op import Prelu
from converters.ops.reduce_max.op import ReduceMax
from converters.ops.resize_bilinear.op import ResizeBilinear
from converters.ops.slice.op import Slice
from converters.ops.sub.op import Sub
from converters.ops.window import Pads
from converters.passes.shuffle import Shuffle
from converters.trace import TO_GRAPH, Tracer, Value, handles

DENSE_WEIGHTS = 4_096
"""A grouped convolution of so few weights, zeros counted, is a dense one: cutting and joining costs more."""


@handles("aten.prelu.default")
def prelu(t: Tracer, x: Value, slope: np.ndarray) -> Value:
    rank = len(t.plain(x).shape)
    return t.result(
        Prelu(), x, kind="prelu", constants=(t.constant(slope.reshape((1,) * (rank - 1) + (-1,)), "slope"),)
    )


@handles("aten.upsample_bilinear2d.vec")
def upsample_bilinear2d(t: Tracer, x: Value, size: Any, align_corners: bool, scales: Any = None) -> Value:
    if size is None:
        size = [math.floor(n * s) for n, s in zip(x.shape[2:], scales, strict=True)]
    wanted = int(size[1]), int(size[0])
    return t.result(ResizeBilinear(wanted, align_corners, not align_corners), x, kind="resize")


@handles("aten.amax.default")
def amax(t: Tracer, x: Value, dims: Any, keepdim: bool = False) -> Value:
    if not keepdim or len(x.shape) != 4:
        raise ConvertError(f"{t.scope}: a maximum that drops axes; keep them: amax(..., keepdim=True)")
    return t.result(ReduceMax(tuple(sorted(TO_GRAPH[d % 4] for d in dims))), x, kind="max")


@handles("aten.rsub.Scalar")
def rsub(t: Tracer, x: Value, other: float, alpha: float = 1) -> Value:
    if alpha != 1:
        raise ConvertError(f"{t.scope}: subtracts alpha={alpha} times; multiply first")
    one = t.constant(np.full((1,) * len(t.own_shape(x)), other), "minuend")
    return Value(t.emit(Sub(), one, t.plain(x).name, kind="less"), x.shape)


@handles("aten.transpose.int")
def transpose(t: Tracer, x: Value, a: int, b: int) -> Value:
    """Groups of channels and the channels within them exchanged: a shuffle."""
    own = t.own_shape(x)
    split = len(x.shape) == len(own) + 1 and x.shape[0] == own[0] and x.shape[3:] == own[2:]
    if {a % len(x.shape), b % len(x.shape)} != {1, 2} or not split:
        raise ConvertError(f"{t.scope}: exchanges axes {a} and {b} of {list(x.shape)}; only channels can be shuffled")
    groups, each = x.shape[1:3]
    order = tuple(int(i) for i in np.arange(groups * each).reshape(groups, each).T.ravel())
    name = t.emit(Shuffle(order), x.name, kind="shuffle")
    return Value(name, (x.shape[0], each, groups, *x.shape[3:]))


def grouped(
    t: Tracer, x: Value, w: np.ndarray, b: np.ndarray, stride: tuple[int, int], dilation: tuple[int, int], pads: Pads,
    groups: int,
) -> Value:  # fmt: skip
    """A convolution in groups, w [O, I / groups, F, T]: cut, convolved and joined; a small one dense, with zeros."""
    out, each = w.shape[:2]
    op = Conv(stride, dilation, pads)
    if out * each * groups * w.shape[2] * w.shape[3] <= DENSE_WEIGHTS:
        dense = np.zeros((out, each * groups, *w.shape[2:]), np.float32)
        for g, rows in enumerate(np.split(np.arange(out), groups)):
            dense[rows, g * each : (g + 1) * each] = w[rows]
        return t.result(op, x, constants=(t.constant(dense.transpose(0, 3, 2, 1), "weight"), t.constant(b, "bias")))
    parts = []
    for g, rows in enumerate(np.split(np.arange(out), groups)):
        part = t.result(Slice((0, 0, 0, g * each), (-1, -1, -1, each)), x, kind="group")
        constants = t.constant(w[rows].transpose(0, 3, 2, 1), "weight"), t.constant(b[rows], "bias")
        parts.append(t.result(op, part, constants=constants))
    return t.result(Concatenation(3), *parts, kind="groups")
