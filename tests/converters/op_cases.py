"""A random case of each operator: one function for each folder of ``converters/ops``, of the same name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import movement_cases
import numpy as np
import recurrent_cases
from draw import Case, Draw

from converters.graph import Quantization, State, Tensor
from converters.ops import Op
from converters.ops.abs.op import Abs
from converters.ops.add.op import Add
from converters.ops.arg_max.op import ArgMax
from converters.ops.average_pool.op import AveragePool
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.dequantize.op import Dequantize
from converters.ops.elu.op import Elu
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.hard_swish.op import HardSwish
from converters.ops.leaky_relu.op import LeakyRelu
from converters.ops.log_softmax.op import LogSoftmax
from converters.ops.logistic.op import Logistic
from converters.ops.max_pool.op import MaxPool
from converters.ops.maximum.op import Maximum
from converters.ops.mean.op import Mean
from converters.ops.minimum.op import Minimum
from converters.ops.mul.op import Mul
from converters.ops.prelu.op import Prelu
from converters.ops.quantize.op import Quantize
from converters.ops.reduce_max.op import ReduceMax
from converters.ops.relu.op import Relu
from converters.ops.relu6.op import Relu6
from converters.ops.rsqrt.op import Rsqrt
from converters.ops.softmax.op import Softmax
from converters.ops.sub.op import Sub
from converters.ops.sum.op import Sum
from converters.ops.tanh.op import Tanh


def conv(d: Draw) -> Case:
    x, out = d.shape(), d.whole(1, 6)
    pads = (d.whole(0, 2), d.whole(0, 2), 1, 1) if d.seed % 4 == 0 else (0, 0, 0, 0)
    op = Conv((1 + d.seed % 2, d.whole(1, 2)), (1, d.whole(1, 2)), pads, d.activation())
    return d.case(op, x, constants=(d.weights((out, 3, 2, x[3]), 0, out), d.bias(out)))


def depthwise_conv(d: Draw) -> Case:
    x, multiplier = d.shape(), d.whole(1, 3)
    out = x[3] * multiplier
    pads = (1, 1, 1, 1) if d.seed % 4 == 0 else (0, 0, 0, 0)
    op = DepthwiseConv((1 + d.seed % 2, 1), (1, d.whole(1, 2)), pads, d.activation())
    return d.case(op, x, constants=(d.weights((1, 3, 2, out), 3, out), d.bias(out)))


def fully_connected(d: Draw) -> Case:
    x, out = d.shape(), d.whole(1, 12)
    w = d.weights((out, int(np.prod(x))), 0, 1)
    return d.case(FullyConnected(d.activation()), x, constants=(w, d.bias(out)))


def pair(d: Draw, op: Op, same: bool = False) -> Case:
    """Two operands: alike, the one or the other repeated along some axes or missing some, constant, a scalar."""
    x, kind = d.shape(), d.seed % 6
    other = (x, (1, x[1], 1, x[3]), (x[2], x[3]), x, (1, 1, x[2], 1), (x[3],))[kind]
    first = d.extreme().tensor("x0", x)
    second = Tensor("x1", other, "int8", first.quantization) if same else d.tensor("x1", other)
    if kind in (3, 5) or d.seed == 6:
        second = dataclasses.replace(
            second, data=d.values(() if d.seed == 5 else other), shape=() if d.seed == 5 else other
        )
    inputs = (second, first) if d.seed % 4 == 1 else (first, second)
    y = d.tensor("y", x)
    return d.of(op, *inputs, y=dataclasses.replace(y, quantization=first.quantization) if op.keeps_scale else y)


def abs(d: Draw) -> Case:
    x, y = d.extreme().tensor("x0", d.shape()), d.tensor("y", (1,))
    y = dataclasses.replace(y, shape=x.shape)
    return d.of(Abs(), x, y=dataclasses.replace(y, quantization=x.quantization) if d.seed % 3 == 0 else y)


def add(d: Draw) -> Case:
    return pair(d, Add(d.activation()))


def sub(d: Draw) -> Case:
    return pair(d, Sub(d.activation()))


def mul(d: Draw) -> Case:
    return pair(d, Mul(d.activation()))


def maximum(d: Draw) -> Case:
    return pair(d, Maximum(), same=True)


def minimum(d: Draw) -> Case:
    return pair(d, Minimum(), same=True)


def prelu(d: Draw) -> Case:
    x = d.shape()
    alpha = Tensor.constant("alpha", d.values((1, 1, x[3]) if d.seed % 3 else (1, 1, 1)), d.quantization())
    return d.of(Prelu(), d.extreme().tensor("x", x), alpha, y=d.tensor("y", x))


AXES = ((1,), (1, 2), (2,), (3,), (1, 3), (0, 1, 2, 3), (2, 3), (1, 2, 3))


def mean(d: Draw) -> Case:
    return d.extreme().case(Mean(AXES[d.seed % 8], bool(d.whole(0, 1))), d.shape(), same=d.seed == 2)


def sum(d: Draw) -> Case:  # noqa: A001  named after its folder
    return d.extreme().case(Sum(AXES[d.seed % 8], bool(d.whole(0, 1))), d.shape())


def reduce_max(d: Draw) -> Case:
    return d.case(ReduceMax(AXES[d.seed % 8], bool(d.whole(0, 1))), d.shape())


def average_pool(d: Draw) -> Case:
    x, size = d.shape(), (d.whole(1, 4), d.whole(1, 4))
    if d.seed % 2:
        return d.case(AveragePool((1, d.whole(1, 2)), activation=d.activation(), size=size), x)
    return d.case(AveragePool((1, 1), pads=_same(size), activation=d.activation(), size=size), x)


def max_pool(d: Draw) -> Case:
    x, size = d.shape(), (d.whole(1, 4), d.whole(1, 4))
    if d.seed % 2:
        return d.case(MaxPool((1, d.whole(1, 2)), activation=d.activation(), size=size), x)
    return d.case(MaxPool((1, 1), pads=_same(size), activation=d.activation(), size=size), x)


def _same(size: tuple[int, int]) -> tuple[int, int, int, int]:
    return (size[0] - 1) // 2, size[0] // 2, (size[1] - 1) // 2, size[1] // 2


def rsqrt(d: Draw) -> Case:
    x = Tensor("x0", d.shape(), "int8", Quantization.of(d.quantization().scale, -128))  # nothing below zero
    return d.of(Rsqrt(), x, y=d.extreme().tensor("y", x.shape))


def softmax(d: Draw) -> Case:
    """Of several rows, up to sums that push the shift beyond 31 bits in int8; to int16 now and then."""
    shape, beta = (d.whole(1, 3), d.whole(1, 200)), (1.0, 0.5, 2.0)[d.seed % 3]
    x = d.extreme().tensor("x", shape)
    wide = d.seed % 4 == 2
    y = Tensor(
        "y", shape, "int16" if wide else "int8", Quantization.of(1 / 65536, -32768) if wide else Softmax.fixed_output
    )
    return d.of(Softmax(beta), x, y=y)


def log_softmax(d: Draw) -> Case:
    return d.extreme().case(LogSoftmax(), (d.whole(1, 3), d.whole(1, 100)))


def arg_max(d: Draw) -> Case:
    op, x = ArgMax(d.seed % 4), d.tensor("x", d.shape())
    return d.of(op, x, y=Tensor("y", op.shape([x]), "int32"))


def logistic(d: Draw) -> Case:
    return d.extreme().case(Logistic(), (1, 8, 8, 8))


def tanh(d: Draw) -> Case:
    return d.extreme().case(Tanh(), (1, 8, 8, 8))


def elu(d: Draw) -> Case:
    return d.extreme().case(Elu(), (1, 8, 8, 8))


def leaky_relu(d: Draw) -> Case:
    alpha = float(np.float32(d.rng.uniform(-0.5, 1.5)))
    return d.extreme().case(LeakyRelu(alpha), (1, 8, 8, 8))


def relu(d: Draw) -> Case:
    return d.extreme().case(Relu(), d.shape(), same=d.seed % 4 == 0)


def relu6(d: Draw) -> Case:
    return d.extreme().case(Relu6(), d.shape())


def quantize(d: Draw) -> Case:
    pairs = ("int8 int8", "float32 int8", "int8 int16", "int16 int8", "uint8 int8", "int8 uint8")
    pairs += ("float32 int16", "int16 int16")
    kinds, shape = pairs[d.seed % 8].split(), d.shape()
    d.extreme()
    return d.of(Quantize(), d.tensor("x", shape, kinds[0]), y=d.tensor("y", shape, kinds[1]))


def dequantize(d: Draw) -> Case:
    kind, shape = ("int8", "uint8", "int16")[d.seed % 3], d.shape()
    return d.of(Dequantize(), d.extreme().tensor("x", shape, kind), y=d.tensor("y", shape, "float32"))


def hard_swish(d: Draw) -> Case:
    return d.case(HardSwish(), (1, 8, 8, 8))


def _remembering(d: Draw, initial: np.ndarray | None) -> Case:
    """What is added becomes the next run's summand."""
    x = d.shape()
    case = d.case(Add(d.activation()), x, x, same=True)
    read = case.graph["x1"]
    start = np.full(read.shape, case.graph["y"].q.zero_point, np.int8) if initial is None else initial
    state = State("x1", "y", np.resize(start, read.shape).astype(np.int8))
    return Case(dataclasses.replace(case.graph, inputs=("x0",), states=(state,)), case.inputs[:1])


def call_once(d: Draw) -> Case:
    return _remembering(d, d.values((7,)))


def var_handle(d: Draw) -> Case:
    return _remembering(d, None)


def read_variable(d: Draw) -> Case:
    return _remembering(d, d.values((11,)))


def assign_variable(d: Draw) -> Case:
    return _remembering(d, d.values((1,)))


def case_for(folder: str, seed: int) -> Case:
    make: Callable[[Draw], Case] = (vars(movement_cases) | vars(recurrent_cases) | globals())[folder]
    return make(Draw(seed))
