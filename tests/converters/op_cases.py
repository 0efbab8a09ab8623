"""A random case of each operator: one function for each folder of ``converters/ops``, of the same name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.ops import ACTIVATIONS, Op
from converters.ops.add.op import Add
from converters.ops.arg_max.op import ArgMax
from converters.ops.average_pool.op import AveragePool
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depth_to_space.op import DepthToSpace
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.dequantize.op import Dequantize
from converters.ops.elu.op import Elu
from converters.ops.expand_dims.op import ExpandDims
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.hard_swish.op import HardSwish
from converters.ops.leaky_relu.op import LeakyRelu
from converters.ops.log_softmax.op import LogSoftmax
from converters.ops.logistic.op import Logistic
from converters.ops.max_pool.op import MaxPool
from converters.ops.maximum.op import Maximum
from converters.ops.mean.op import Mean
from converters.ops.minimum.op import Minimum
from converters.ops.mirror_pad.op import MirrorPad
from converters.ops.mul.op import Mul
from converters.ops.pack.op import Pack
from converters.ops.pad.op import Pad
from converters.ops.padv2.op import PadV2
from converters.ops.prelu.op import Prelu
from converters.ops.quantize.op import Quantize
from converters.ops.reduce_max.op import ReduceMax
from converters.ops.relu.op import Relu
from converters.ops.relu6.op import Relu6
from converters.ops.reshape.op import Reshape
from converters.ops.resize_bilinear.op import ResizeBilinear
from converters.ops.resize_nearest_neighbor.op import ResizeNearestNeighbor
from converters.ops.slice.op import Slice
from converters.ops.softmax.op import Softmax
from converters.ops.space_to_depth.op import SpaceToDepth
from converters.ops.split.op import Split
from converters.ops.split_v.op import SplitV
from converters.ops.squeeze.op import Squeeze
from converters.ops.strided_slice.op import StridedSlice
from converters.ops.sub.op import Sub
from converters.ops.sum.op import Sum
from converters.ops.svdf.op import Svdf
from converters.ops.tanh.op import Tanh
from converters.ops.transpose.op import Transpose
from converters.ops.transpose_conv.op import TransposeConv
from converters.ops.unidirectional_sequence_lstm.op import UnidirectionalSequenceLstm
from converters.ops.unpack.op import Unpack

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
        self.far = False
        """Scales far apart, zero points at the ends."""

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def quantization(self) -> Quantization:
        if self.far:
            return Quantization.of(10 ** float(self.rng.uniform(-3, 0)), (-128, 127)[self.whole(0, 1)])
        return Quantization.of(float(self.rng.uniform(0.005, 0.2)), self.whole(-128, 127))

    def extreme(self) -> Draw:
        """Itself, with extreme quantizations in late seeds."""
        self.far = self.seed >= 8
        return self

    def shape(self) -> Shape:
        return 1, self.whole(4, 9), self.whole(4, 9), self.whole(1, 9)

    def activation(self) -> str:
        return ACTIVATIONS[self.seed % 4]

    def dtype(self, *others: str) -> str:
        """What operators that only move values may have, as far as TFLM lets them."""
        kinds = ("int8", *(others or ("int16", "int8", "int32")))
        return kinds[self.seed % len(kinds)]

    def values(self, shape: Shape, dtype: str = "int8") -> np.ndarray:
        if dtype == "float32":
            return self.rng.normal(0, 2, shape).astype(np.float32)
        if dtype == "uint8":
            return self.rng.integers(0, 256, shape).astype(np.uint8)
        # The float form holds integers of up to 24 bits.
        limit = min(np.iinfo(dtype).max + 1, 1 << 22)
        return self.rng.integers(-limit, limit, shape).astype(dtype)

    def like(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Other values of the same shapes and types."""
        return [self.values(x.shape, str(x.dtype)) for x in inputs]

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

    def case(
        self, op: Op, *inputs: Shape, constants: tuple[Tensor, ...] = (), same: bool = False, dtype: str = "int8"
    ) -> Case:
        """A graph of one node, ``same``: inputs of one quantization."""
        first = self.quantization()
        first = first if dtype == "int8" else Quantization.of(first.scale)
        acts = [
            Tensor(f"x{i}", s, dtype, first if same or i == 0 else self.quantization()) for i, s in enumerate(inputs)
        ]
        args = [*acts, *(self.scaled(c, first, constants[0]) for c in constants)]
        q = first if op.keeps_scale else op.fixed_output or self.quantization()
        outs = [Tensor(f"y{i or ''}", shape, dtype, q) for i, shape in enumerate(op.shapes(args))]
        names = tuple(t.name for t in outs)
        node = Node(op, tuple(t.name for t in args), names)
        graph = Graph(tuple(a.name for a in acts), names, (node,), {t.name: t for t in [*args, *outs]})
        return Case(graph, [self.values(s, dtype) for s in inputs])

    def of(self, op: Op, *inputs: Tensor, y: Tensor) -> Case:
        """A graph of one node over the tensors as they are; inputs with data are constants."""
        acts = [t for t in inputs if not t.is_constant]
        node = Node(op, tuple(t.name for t in inputs), ("y",))
        graph = Graph(tuple(t.name for t in acts), ("y",), (node,), {t.name: t for t in (*inputs, y)})
        return Case(graph, [self.values(t.shape, t.dtype) for t in acts])

    def tensor(self, name: str, shape: Shape, dtype: str = "int8") -> Tensor:
        if dtype == "float32":
            return Tensor(name, shape, dtype)
        q = self.quantization()
        zero = {"int8": q.zero_point, "uint8": q.zero_point + 128, "int16": 0}[dtype]
        return Tensor(name, shape, dtype, Quantization.of(q.scale, zero))


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


def pad(d: Draw) -> Case:
    pads = (0, 0), (d.whole(0, 3), d.whole(0, 3)), (1, d.whole(0, 2)), (0, d.whole(0, 1))
    return d.case(Pad(pads), d.shape(), dtype=d.dtype())


def padv2(d: Draw) -> Case:
    dtype = d.dtype()
    case = d.case(PadV2(((0, 1), (0, d.whole(0, 3)), (1, 0), (0, 0))), d.shape(), dtype=dtype)
    node, y = case.graph.nodes[0], case.graph["y"]
    value = Tensor.constant("value", d.values((), dtype), y.quantization)
    op = dataclasses.replace(node.op, value=value)
    return Case(case.graph.with_([dataclasses.replace(node, op=op)]), case.inputs)


def concatenation(d: Draw) -> Case:
    x, axis = d.shape(), d.whole(1, 3)
    others = [tuple(d.whole(1, 5) if i == axis else n for i, n in enumerate(x)) for _ in range(1 + d.seed % 3)]
    case = d.case(Concatenation(axis), x, *others, same=True, dtype=d.dtype())
    if d.seed % 4 < 3:
        return case
    part = dataclasses.replace(case.graph["x1"], data=case.inputs[1])
    graph = dataclasses.replace(
        case.graph.with_(tensors=[part]), inputs=tuple(n for n in case.graph.inputs if n != "x1")
    )
    return Case(graph, [case.inputs[0], *case.inputs[2:]])


def split_v(d: Draw) -> Case:
    x, axis = d.shape(), d.whole(1, 2)
    first = d.whole(1, x[axis] - 2)
    return d.case(SplitV((first, 1, x[axis] - first - 1), axis), x, dtype=d.dtype())


def split(d: Draw) -> Case:
    x, axis, count = d.shape(), d.whole(1, 3), d.whole(2, 3)
    x = tuple(count * n if a == axis else n for a, n in enumerate(x))
    return d.case(Split((x[axis] // count,) * count, axis), x, dtype=d.dtype())


def pack(d: Draw) -> Case:
    return d.case(Pack(d.whole(0, 3)), *[d.shape()[1:]] * d.whole(1, 3), same=True, dtype=d.dtype())


def unpack(d: Draw) -> Case:
    return d.case(Unpack(d.whole(0, 3)), d.shape(), dtype=d.dtype())


def slice(d: Draw) -> Case:  # noqa: A001  named after its folder
    size = (1, -1, -1, -1) if d.seed % 3 == 0 else (1, -1, 2, -1)
    return d.case(Slice((0, d.whole(0, 2), max(size[2] // 2, 0), 0), size), d.shape(), dtype=d.dtype())


def strided_slice(d: Draw) -> Case:
    x = d.shape()
    dropped = (3,) if d.seed % 2 else ()
    if d.seed % 3 == 0:
        backwards = (0, x[1] - 1, 1, 0), (1, -x[1] - 1, 4, 1 if dropped else x[3]), (1, -d.whole(1, 2), 2, 1)
        return d.case(StridedSlice(*backwards, dropped), x, dtype=d.dtype())
    op = StridedSlice((0, d.whole(0, 2), 1, 0), (1, x[1], 4, 1 if dropped else x[3]), (1, d.whole(1, 2), 2, 1), dropped)
    return d.case(op, x, dtype=d.dtype())


def reshape(d: Draw) -> Case:
    x = d.shape()
    return d.case(Reshape((1, x[1] * x[2], x[3])), x)


def squeeze(d: Draw) -> Case:
    x = d.shape()
    return d.case(Squeeze(x[1:]), x, dtype=d.dtype())


def expand_dims(d: Draw) -> Case:
    x, axis = d.shape()[1:], d.whole(0, 3)
    return d.case(ExpandDims((*x[:axis], 1, *x[axis:]), axis), x, dtype=d.dtype("int16"))


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


def transpose(d: Draw) -> Case:
    x = (*d.shape()[1:], 2, 3)[: 2 + d.seed % 4]
    order = tuple(int(a) for a in d.rng.permutation(len(x)))
    return d.case(Transpose(order), x, dtype=d.dtype("int16"))


def space_to_depth(d: Draw) -> Case:
    block = d.whole(1, 3)
    return d.case(SpaceToDepth(block), (1, block * d.whole(1, 4), block * d.whole(1, 4), d.whole(1, 5)))


def depth_to_space(d: Draw) -> Case:
    block = d.whole(1, 3)
    return d.case(DepthToSpace(block), (1, d.whole(1, 4), d.whole(1, 4), block * block * d.whole(1, 5)))


def mirror_pad(d: Draw) -> Case:
    x = d.shape()
    pads = (0, 0), (d.whole(0, 3), d.whole(0, 3)), (d.whole(0, 3), d.whole(0, 3)), (0, d.seed % 3 // 2 * (x[3] // 2))
    return d.case(MirrorPad(pads, bool(d.seed % 2)), x)


def resize_nearest_neighbor(d: Draw) -> Case:
    corners, centers = ((False, False), (True, False), (False, True))[d.seed % 3]
    return d.case(ResizeNearestNeighbor((d.whole(1, 20), d.whole(1, 20)), corners, centers), d.shape())


def resize_bilinear(d: Draw) -> Case:
    corners, centers = ((False, False), (True, False), (False, True))[d.seed % 3]
    return d.case(ResizeBilinear((d.whole(1, 20), d.whole(1, 20)), corners, centers), d.shape())


def transpose_conv(d: Draw) -> Case:
    x, out, (s_t, s_f), same = d.shape(), d.whole(1, 6), (d.whole(1, 3), d.whole(1, 2)), bool(d.seed % 2)
    weights = d.weights((out, 3, 2, x[3]), 0, out)
    valid = (x[1] - 1) * s_t + 3, (x[2] - 1) * s_f + 2
    to = (1, *((x[1] * s_t, x[2] * s_f) if same else valid), out)
    xq, yq = d.quantization(), d.quantization()
    tensors = [weights, Tensor("x", x, "int8", xq), d.scaled(d.bias(out), xq, weights)][: 2 + (d.seed % 3 > 0)]
    node = Node(TransposeConv(to, (s_t, s_f), same, d.activation()), tuple(t.name for t in tensors), ("y",))
    tensors.append(Tensor("y", to, "int8", yq))
    return Case(Graph(("x",), ("y",), (node,), {t.name: t for t in tensors}), [d.values(x)])


def svdf(d: Draw) -> Case:
    batch, features, memory, units, rank = (d.whole(1, n) for n in (2, 20, 10, 8, 3))
    width = "int16" if d.seed % 3 else "int8"
    limit = 2000 if d.seed % 3 else 127
    over_time = d.rng.integers(-limit, limit + 1, (units * rank, memory)).astype(width)
    state_q = Quantization.of(0.01 if width == "int8" else 1e-4, d.whole(-9, 9) if width == "int8" else 0)
    time_q = Quantization.of(0.001)
    bias_q = Quantization.of(float(np.float32(state_q.scale) * np.float32(time_q.scale)))
    state = Tensor("s", (batch, units * rank * memory), width, state_q)
    tensors = [
        Tensor("x", (batch, features), "int8", d.quantization()),
        dataclasses.replace(d.weights((units * rank, features), 0, 1), name="feature"),
        Tensor.constant("time", over_time, time_q),
        Tensor.constant("b", d.bias(units).values, bias_q),
        state,
    ]
    y = Tensor("y", (batch, units), "int8", Quantization.of(0.01, d.whole(-128, 127)))
    outs = [y, dataclasses.replace(state, name="s:next")]
    node = Node(Svdf(rank), tuple(t.name for t in tensors), tuple(t.name for t in outs))
    start = np.full(state.shape, state_q.zero_point, width)
    graph = Graph(("x",), ("y",), (node,), {t.name: t for t in [*tensors, *outs]}, (State("s", "s:next", start),))
    return Case(graph, [d.values((batch, features))])


def unidirectional_sequence_lstm(d: Draw) -> Case:
    batch, times, features, size = (d.whole(1, n) for n in (2, 5, 12, 9))
    x_q, h_q = d.quantization(), Quantization.of(1 / 128, d.whole(-9, 9))
    kinds = {"w": features, "r": size}
    weights = [
        dataclasses.replace(d.weights((size, n), 0, 1), name=f"{kind}{gate}")
        for kind, n in kinds.items()
        for gate in range(4)
    ]
    biases = [dataclasses.replace(d.bias(size), name=f"b{gate}") for gate in range(4)]
    hidden = Tensor("h", (batch, size), "int8", h_q)
    cell = Tensor("c", (batch, size), "int16", Quantization.of(2.0 ** -(9 + d.seed % 7)))
    op = UnidirectionalSequenceLstm(2.5 if d.seed % 3 == 0 else 0.0, d.seed % 2 == 1)
    lead = (times, batch) if op.time_major else (batch, times)
    x, y = Tensor("x", (*lead, features), "int8", x_q), Tensor("y", (*lead, size), "int8", h_q)
    names = ["x", *(t.name for t in weights), *[""] * 3, *(t.name for t in biases), "", "", "h", "c", *[""] * 4]
    outs = [y, *(dataclasses.replace(t, name=f"{t.name}:next") for t in (hidden, cell))]
    tensors = {t.name: t for t in [x, *weights, *biases, hidden, cell, *outs]}
    zeros = [State(t.name, f"{t.name}:next", np.full(t.shape, t.q.zero_point, t.dtype)) for t in (hidden, cell)]
    node = Node(op, tuple(names), tuple(t.name for t in outs))
    return Case(Graph(("x",), ("y",), (node,), tensors, tuple(zeros)), [d.values(x.shape)])


def case_for(folder: str, seed: int) -> Case:
    make: Callable[[Draw], Case] = globals()[folder]
    return make(Draw(seed))
