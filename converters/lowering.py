"""What each ATen call becomes. Order of torch pairs is (F, T), of the graph's (T, F)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from converters.error import ConvertError
from converters.graph import Shape
from converters.ops.abs.op import Abs
from converters.ops.add.op import Add
from converters.ops.average_pool.op import AveragePool
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.hard_swish.op import HardSwish
from converters.ops.logistic.op import Logistic
from converters.ops.max_pool.op import MaxPool
from converters.ops.mean.op import Mean
from converters.ops.mul.op import Mul
from converters.ops.pad.op import Pad
from converters.ops.relu.op import Relu
from converters.ops.relu6.op import Relu6
from converters.ops.reshape.op import Reshape
from converters.ops.rsqrt.op import Rsqrt
from converters.ops.slice.op import Slice
from converters.ops.softmax.op import Softmax
from converters.ops.sub.op import Sub
from converters.ops.window import Pads
from converters.trace import TO_GRAPH, Tracer, Value, handles, to_graph


def _pair(value: Any) -> tuple[int, int]:
    """torch's (F, T), given as one or two numbers, as (T, F)."""
    values = [value] if isinstance(value, int) else list(value)
    return (int(values[0]),) * 2 if len(values) == 1 else (int(values[1]), int(values[0]))


def _same(kernel: tuple[int, int], dilation: tuple[int, int]) -> Pads:
    """torch's padding='same' (stride 1): the odd one goes to the end."""
    total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2


@handles("aten.conv2d.default", "aten.conv2d.padding")
def conv2d(
    t: Tracer,
    x: Value,
    w: np.ndarray,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    kernel, dilate = (w.shape[3], w.shape[2]), _pair(dilation)
    if isinstance(padding, str):
        pads = _same(kernel, dilate) if padding == "same" else (0, 0, 0, 0)
    else:
        p = _pair(padding)
        pads = (p[0], p[0], p[1], p[1])
    bias = t.constant(np.zeros(len(w)) if b is None else b, "bias")
    if groups == 1:
        weights = t.constant(w.transpose(0, 3, 2, 1), "weight")  # [O, I, F, T] -> [O, T, F, I]
        return t.result(Conv(_pair(stride), dilate, pads), x, constants=(weights, bias))
    if groups != x.shape[1]:
        from converters.lowering_pictures import grouped

        return grouped(t, x, w, np.zeros(len(w)) if b is None else b, _pair(stride), dilate, pads, groups)
    weights = t.constant(w.transpose(1, 3, 2, 0), "weight")  # [O, 1, F, T] -> [1, T, F, O]
    return t.result(DepthwiseConv(_pair(stride), dilate, pads), x, constants=(weights, bias))


@handles("aten.batch_norm.default")
def batch_norm(
    t: Tracer, x: Value, w: Any, b: Any, mean: np.ndarray, var: np.ndarray, training: bool, momentum: float, eps: float,
    cudnn: bool,
) -> Value:  # fmt: skip
    """A multiplication and an addition by constants, which fold_norm takes into the layer before."""
    gain = (1.0 if w is None else w.astype(np.float64)) / np.sqrt(var.astype(np.float64) + eps)
    shift = (0.0 if b is None else b) - mean * gain
    name = t.emit(Mul(), x.name, t.constant(_per_channel(t, x, gain), "gain"), kind="gain")
    return Value(t.emit(Add(), name, t.constant(_per_channel(t, x, shift), "shift")), x.shape)


def _per_channel(t: Tracer, x: Value, data: np.ndarray) -> np.ndarray:
    """Constants per channel of a view [1, C * S, F / S, T] are constants per (channel, band) of [1, C, F, T]."""
    own = t.own_shape(x)
    if x.shape == own:
        return data.reshape((1,) * (len(own) - 1) + (-1,))
    groups, rows = x.shape[1:3]
    if len(own) != 4 or len(x.shape) != 4 or groups * rows != own[1] * own[2] or groups % own[1]:
        raise ConvertError(
            f"{t.scope}: normalizes {list(own)} as {list(x.shape)}; only bands of frequency can be split off"
        )
    return np.repeat(data, rows).reshape(1, own[1], own[2], 1).transpose(TO_GRAPH)


@handles("aten.relu.default", "aten.relu_.default")
def relu(t: Tracer, x: Value) -> Value:
    return t.elementwise(Relu(), x, "relu")


@handles("aten.relu6.default", "aten.relu6_.default")
def relu6(t: Tracer, x: Value) -> Value:
    return t.elementwise(Relu6(), x, "relu6")


@handles("aten.hardtanh.default", "aten.hardtanh_.default")
def hardtanh(t: Tracer, x: Value, low: float = -1.0, high: float = 1.0) -> Value:
    return clamp(t, x, low, high)


@handles("aten.clamp.default", "aten.clamp_.default")
def clamp(t: Tracer, x: Value, low: float | None = None, high: float | None = None) -> Value:
    if low != 0 or high not in (None, 6):
        raise ConvertError(f"{t.scope}: clamps to [{low}, {high}]; only ReLU and ReLU6 have int8 operators")
    return relu(t, x) if high is None else relu6(t, x)


@handles("aten.sigmoid.default")
def sigmoid(t: Tracer, x: Value) -> Value:
    return t.elementwise(Logistic(), x, "sigmoid")


@handles("aten.silu.default", "aten.silu_.default")
def silu(t: Tracer, x: Value) -> Value:
    return Value(t.emit(Mul(), x.name, sigmoid(t, x).name, kind="silu"), x.shape)


@handles("aten.hardswish.default", "aten.hardswish_.default")
def hardswish(t: Tracer, x: Value) -> Value:
    return t.elementwise(HardSwish(), x, "hardswish")


@handles(
    "aten.dropout.default",
    "aten.dropout_.default",
    "aten.feature_dropout.default",
    "aten.feature_dropout_.default",
    "aten.contiguous.default",
    "aten.clone.default",
    "aten.alias.default",
    "aten.detach.default",
)
def identity(t: Tracer, x: Value, *_: Any, **__: Any) -> Value:
    return x


def _settled(t: Tracer, x: Value) -> Value:
    """A row [1, C] seen as [1, C, 1, 1], as it is to scale channels, really in that shape."""
    if len(t.own_shape(x)) != 2 or x.shape != (*t.own_shape(x), 1, 1):
        return x
    return Value(t.emit(Reshape((1, 1, 1, x.shape[1])), x.name, kind="row"), x.shape)


def _binary(t: Tracer, op: Any, a: Any, b: Any, kind: str) -> Value:
    if not isinstance(a, Value):
        a, b = b, a
    if not isinstance(b, Value):
        return t.result(op, a, kind=kind, constants=(t.constant(to_graph(np.asarray(b)), kind),))
    a, b = _settled(t, a), _settled(t, b)
    if a.shape == b.shape and t.own_shape(a) == t.own_shape(b):
        return Value(t.emit(op, a.name, b.name, kind=kind), a.shape)
    return t.result(op, a, b, kind=kind)


@handles("aten.add.Tensor", "aten.add_.Tensor", "aten.add.Scalar")
def add(t: Tracer, a: Any, b: Any, alpha: float = 1) -> Value:
    if alpha != 1:
        raise ConvertError(f"{t.scope}: adds with alpha={alpha}; multiply first")
    return _binary(t, Add(), a, b, "add")


@handles("aten.sub.Tensor", "aten.sub_.Tensor")
def sub(t: Tracer, a: Any, b: Any, alpha: float = 1) -> Value:
    if alpha != 1 or not (isinstance(a, Value) and isinstance(b, Value)):
        raise ConvertError(f"{t.scope}: subtracts a constant, or with alpha={alpha}; add its negative")
    return _binary(t, Sub(), a, b, "sub")


@handles("aten.abs.default")
def absolute(t: Tracer, x: Value) -> Value:
    return t.elementwise(Abs(), x, "abs")


@handles("aten.rsqrt.default")
def rsqrt(t: Tracer, x: Value) -> Value:
    return t.elementwise(Rsqrt(), x, "rsqrt")


@handles("aten.mul.Tensor", "aten.mul_.Tensor", "aten.mul.Scalar")
def mul(t: Tracer, a: Any, b: Any) -> Value:
    return _binary(t, Mul(), a, b, "mul")


@handles("aten.div.Tensor")
def div(t: Tracer, a: Any, b: Any) -> Value:
    if isinstance(b, Value):
        raise ConvertError(f"{t.scope}: divides by a computed tensor, which has no int8 operator")
    return _binary(t, Mul(), a, 1.0 / np.asarray(b, np.float64), "mul")


@handles("aten.mean.dim")
def mean(t: Tracer, x: Value, dims: Any, keepdim: bool = False, dtype: Any = None) -> Value:
    dims = sorted(d % len(x.shape) for d in (dims if dims is not None else range(len(x.shape))))
    kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
    shape = kept if keepdim else tuple(n for i, n in enumerate(x.shape) if i not in dims)
    if set(dims) <= {2, 3} and len(x.shape) == 4:
        # Averages over time and frequency: the int8 MEAN is biased, AVERAGE_POOL_2D is not.
        size = (x.shape[3] if 3 in dims else 1, x.shape[2] if 2 in dims else 1)
        return Value(t.result(AveragePool(size=size), x, kind="mean").name, shape)
    axes = tuple(sorted(TO_GRAPH[d] for d in dims))
    return Value(t.result(Mean(axes), x, kind="mean").name, shape)


@handles("aten.avg_pool2d.default")
def avg_pool2d(
    t: Tracer, x: Value, kernel: Any, stride: Any = (), padding: Any = 0, ceil: bool = False, count_pad: bool = True,
    divisor: Any = None,
) -> Value:  # fmt: skip
    if _pair(padding) != (0, 0) or ceil or divisor is not None:
        raise ConvertError(f"{t.scope}: a pooling with padding, ceil_mode or divisor_override; use none of them")
    return t.result(AveragePool(_pair(stride or kernel), size=_pair(kernel)), x)


@handles("aten.max_pool2d.default")
def max_pool2d(
    t: Tracer, x: Value, kernel: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False
) -> Value:
    if _pair(padding) != (0, 0) or _pair(dilation) != (1, 1) or ceil:
        raise ConvertError(f"{t.scope}: a pooling with padding, dilation or ceil_mode; use none of them")
    return t.result(MaxPool(_pair(stride or kernel), size=_pair(kernel)), x)


@handles("aten.adaptive_avg_pool2d.default")
def adaptive_avg_pool2d(t: Tracer, x: Value, size: Any) -> Value:
    wanted = [n if s is None else s for s, n in zip(size, x.shape[2:], strict=True)]
    if any(n % s for s, n in zip(wanted, x.shape[2:], strict=True)):
        raise ConvertError(
            f"{t.scope}: pools {x.shape[2]} x {x.shape[3]} to {wanted[0]} x {wanted[1]}, which does not divide"
        )
    kernel = _pair([n // s for s, n in zip(wanted, x.shape[2:], strict=True)])
    return t.result(AveragePool(kernel, size=kernel), x)


def _view(x: Value, shape: Shape) -> Value:
    count = math.prod(x.shape)
    rest = math.prod(n for n in shape if n >= 0)
    return Value(x.name, tuple(count // rest if n < 0 else int(n) for n in shape))


@handles("aten.reshape.default", "aten.view.default", "aten.unflatten.int", "aten._unsafe_view.default")
def reshape(t: Tracer, x: Value, *shape: Any) -> Value:
    if len(shape) == 2:  # unflatten: axis and sizes
        axis = shape[0] % len(x.shape)
        return _view(x, (*x.shape[:axis], *shape[1], *x.shape[axis + 1 :]))
    return _view(x, tuple(shape[0]))


@handles("aten.flatten.using_ints")
def flatten(t: Tracer, x: Value, start: int = 0, end: int = -1) -> Value:
    start, end = start % len(x.shape), end % len(x.shape)
    return _view(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


@handles("aten.squeeze.dim", "aten.squeeze.dims", "aten.squeeze.default")
def squeeze(t: Tracer, x: Value, dims: Any = None) -> Value:
    axes = range(len(x.shape)) if dims is None else [dims] if isinstance(dims, int) else dims
    axes = {a % len(x.shape) for a in axes}
    return Value(x.name, tuple(n for i, n in enumerate(x.shape) if not (i in axes and n == 1)))


@handles("aten.unsqueeze.default")
def unsqueeze(t: Tracer, x: Value, axis: int) -> Value:
    axis %= len(x.shape) + 1
    return Value(x.name, (*x.shape[:axis], 1, *x.shape[axis:]))


@handles("aten.linear.default")
def linear(t: Tracer, x: Value, w: np.ndarray, b: Any = None) -> Value:
    own = t.own_shape(x)
    if math.prod(x.shape) != w.shape[1]:
        raise ConvertError(f"{t.scope}: a Linear over {list(x.shape)}; flatten to one row, or use a 1x1 convolution")
    if len(own) == 4:
        # torch flattens [C, F, T], the graph [T, F, C]: the weights' columns are put in its order.
        w = w.reshape(len(w), *own[1:]).transpose(TO_GRAPH).reshape(len(w), -1)
    bias = t.constant(np.zeros(len(w)) if b is None else b, "bias")
    name = t.emit(FullyConnected(), x.name, t.constant(w, "weight"), bias)
    return Value(name, (1, len(w)))


@handles("aten.pad.default", "aten.constant_pad_nd.default")
def pad(t: Tracer, x: Value, pads: list[int], mode: str = "constant", value: Any = None) -> Value:
    if mode != "constant" or value not in (None, 0, 0.0):
        raise ConvertError(f"{t.scope}: pads with {mode} {value}; only zeros have an int8 operator")
    pairs = [(0, 0)] * 4
    for i in range(len(pads) // 2):
        pairs[3 - i] = (pads[2 * i], pads[2 * i + 1])
    return t.result(Pad(tuple(pairs[a] for a in TO_GRAPH)), x, kind="pad")


@handles("aten.slice.Tensor")
def slice_(t: Tracer, x: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Value:
    if step != 1:
        raise ConvertError(f"{t.scope}: slices with step {step}; use a strided convolution or pooling")
    box = range(x.shape[dim])[slice(start, end)]
    if len(box) == x.shape[dim]:
        return x
    begin, size = [0] * 4, [-1] * 4
    axis = TO_GRAPH[dim % 4]
    begin[axis] = box.start
    size[axis] = -1 if box.stop == x.shape[dim] else len(box)
    return t.result(Slice(tuple(begin), tuple(size)), x, kind="crop")


@handles("aten.cat.default", "aten.concat.default")
def cat(t: Tracer, xs: list[Value], dim: int = 0) -> Value:
    return t.result(Concatenation(TO_GRAPH[dim % 4]), *xs, kind="concat")


@handles("aten.softmax.int", "aten._softmax.default")
def softmax(t: Tracer, x: Value, dim: int = -1, *_: Any) -> Value:
    if len(x.shape) == 4 and dim % 4 == 1:  # over channels, the graph's last axis
        return t.result(Softmax(), x, kind="softmax")
    if dim % len(x.shape) != len(x.shape) - 1 or math.prod(x.shape) != x.shape[-1]:
        raise ConvertError(f"{t.scope}: a softmax within the network; only the last row of labels may have one")
    name = x.name
    if t.tensors[name].shape != (1, x.shape[-1]):
        name = t.emit(Reshape((1, x.shape[-1])), name, kind="logits")
    return Value(t.emit(Softmax(), name, kind="scores"), (1, x.shape[-1]))
