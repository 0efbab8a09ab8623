"""A random case of each operator: one function for each folder of ``converters/ops``, of the same name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops import ACTIVATIONS, Op
from converters.ops.add.op import Add
from converters.ops.average_pool.op import AveragePool
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.hard_swish.op import HardSwish
from converters.ops.logistic.op import Logistic
from converters.ops.mean.op import Mean
from converters.ops.mul.op import Mul
from converters.ops.pad.op import Pad
from converters.ops.relu.op import Relu
from converters.ops.relu6.op import Relu6
from converters.ops.reshape.op import Reshape
from converters.ops.slice.op import Slice
from converters.ops.softmax.op import Softmax
from converters.ops.strided_slice.op import StridedSlice

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    graph: Graph
    inputs: list[np.ndarray]


class Draw:
    """Random quantizations, activations and weights."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.seed = seed

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def quantization(self) -> Quantization:
        return Quantization.of(float(self.rng.uniform(0.005, 0.2)), self.whole(-128, 127))

    def shape(self) -> Shape:
        return 1, self.whole(4, 9), self.whole(4, 9), self.whole(1, 9)

    def activation(self) -> str:
        return ACTIVATIONS[self.seed % 3]

    def values(self, shape: Shape) -> np.ndarray:
        return self.rng.integers(-128, 128, shape).astype(np.int8)

    def weights(self, shape: Shape, axis: int, channels: int) -> Tensor:
        scales = tuple(float(np.float32(s)) for s in self.rng.uniform(0.001, 0.02, channels))
        q = Quantization(scales, (0,) * channels, axis if channels > 1 else 0)
        return Tensor.constant("w", self.rng.integers(-127, 128, shape).astype(np.int8), q)

    def bias(self, channels: int) -> Tensor:
        return Tensor.constant("b", self.rng.integers(-5000, 5000, channels).astype(np.int32))

    def scaled(self, constant: Tensor, x: Quantization, weights: Tensor) -> Tensor:
        """A bias on the accumulator's scale, as interpreters demand."""
        if constant.dtype != "int32":
            return constant
        scales = tuple(float(np.float32(x.scale) * np.float32(s)) for s in weights.q.scales)
        q = Quantization(scales, (0,) * len(scales))
        return Tensor.constant(constant.name, constant.values, q)

    def case(self, op: Op, *inputs: Shape, constants: tuple[Tensor, ...] = (), same: bool = False) -> Case:
        """A graph of one node, ``same``: inputs of one quantization."""
        first = self.quantization()
        acts = [
            Tensor(f"x{i}", s, "int8", first if same or i == 0 else self.quantization()) for i, s in enumerate(inputs)
        ]
        args = [*acts, *(self.scaled(c, first, constants[0]) for c in constants)]
        q = first if op.keeps_scale else op.fixed_output or self.quantization()
        out = Tensor("y", op.shape(args), "int8", q)
        node = Node(op, tuple(t.name for t in args), ("y",))
        graph = Graph(tuple(a.name for a in acts), ("y",), (node,), {t.name: t for t in [*args, out]})
        return Case(graph, [self.values(s) for s in inputs])


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


def add(d: Draw) -> Case:
    x = d.shape()
    return d.case(Add(d.activation()), x, (x, (1, x[1], 1, x[3]), (1, 1, x[2], x[3]))[d.seed % 3])


def mul(d: Draw) -> Case:
    x = d.shape()
    return d.case(Mul(d.activation()), x, (x, (1, x[1], 1, x[3]), (1, 1, x[2], x[3]))[d.seed % 3])


def mean(d: Draw) -> Case:
    return d.case(Mean(((1,), (1, 2), (2,), (3,))[d.seed % 4], bool(d.whole(0, 1))), d.shape())


def average_pool(d: Draw) -> Case:
    x = d.shape()
    op = AveragePool((1, d.whole(1, 2)), activation=d.activation(), size=(d.whole(1, x[1]), d.whole(1, x[2])))
    return d.case(op, x)


def softmax(d: Draw) -> Case:
    return d.case(Softmax(), (1, d.whole(2, 40)))


def logistic(d: Draw) -> Case:
    return d.case(Logistic(), (1, 8, 8, 8))


def relu(d: Draw) -> Case:
    return d.case(Relu(), d.shape())


def relu6(d: Draw) -> Case:
    return d.case(Relu6(), d.shape())


def hard_swish(d: Draw) -> Case:
    return d.case(HardSwish(), (1, 8, 8, 8))


def pad(d: Draw) -> Case:
    return d.case(Pad(((0, 0), (d.whole(0, 3), d.whole(0, 3)), (1, d.whole(0, 2)), (0, 0))), d.shape())


def concatenation(d: Draw) -> Case:
    x, axis = d.shape(), d.whole(1, 3)
    other = tuple(d.whole(1, 5) if i == axis else n for i, n in enumerate(x))
    return d.case(Concatenation(axis), x, other, same=True)


def slice(d: Draw) -> Case:  # noqa: A001  named after its folder
    return d.case(Slice((0, d.whole(0, 2), 1, 0), (1, -1, 2, -1)), d.shape())


def strided_slice(d: Draw) -> Case:
    x = d.shape()
    dropped = (3,) if d.seed % 2 else ()
    op = StridedSlice((0, d.whole(0, 2), 1, 0), (1, x[1], 4, 1 if dropped else x[3]), (1, d.whole(1, 2), 2, 1), dropped)
    return d.case(op, x)


def reshape(d: Draw) -> Case:
    x = d.shape()
    return d.case(Reshape((1, x[1] * x[2], x[3])), x)


def case_for(folder: str, seed: int) -> Case:
    make: Callable[[Draw], Case] = globals()[folder]
    return make(Draw(seed))
