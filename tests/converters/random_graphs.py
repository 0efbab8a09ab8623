"""Small graphs of several operators, drawn from a seed: chains, branches, parts and wholes, streaming state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from op_cases import Draw

from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.ops import Op
from converters.ops.add.op import Add
from converters.ops.average_pool.op import AveragePool
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.hard_swish.op import HardSwish
from converters.ops.pad.op import Pad
from converters.ops.relu.op import Relu
from converters.ops.reshape.op import Reshape
from converters.ops.slice.op import Slice
from converters.ops.split_v.op import SplitV


@dataclass
class Maker:
    """Appends operators to what is there."""

    seed: int
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    """Activations [1, T, F, C] that may be read."""

    def __post_init__(self) -> None:
        self.draw = Draw(self.seed)

    def graph(self, operators: int = 6, states: bool = False) -> Graph:
        """Of one input and one or two outputs."""
        kinds = [self.conv, self.depthwise, self.add, self.join, self.split, self.cut, self.pad, self.pool, self.swish]
        kinds += [self.relu, self.flat] + [self.window] * (3 if states else 0)
        self.ready = [self.tensor("x", self.draw.shape(), self.draw.quantization())]
        for _ in range(operators):
            kinds[self.draw.whole(0, len(kinds) - 1)]()
        outputs = [self.ready[-1]] + ([self.any()] if self.draw.whole(0, 2) == 0 else [])
        outputs = [o for o in dict.fromkeys(outputs) if o != "x"] or [self.relu()]
        return Graph(("x",), tuple(outputs), tuple(self.nodes), self.tensors, tuple(self.states)).validate()

    def any(self) -> str:
        """The newest more often than others."""
        return self.ready[-1 - min(self.draw.whole(0, 4) // 2, len(self.ready) - 1)]

    def tensor(self, name: str, shape: tuple[int, ...], q: Quantization) -> str:
        self.tensors[name] = Tensor(name, shape, "int8", q)
        return name

    def constant(self, t: Tensor) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors[name] = Tensor.constant(name, t.values, t.quantization)
        return name

    def apply(self, op: Op, *inputs: str, outputs: int = 1) -> str:
        """The first output's name; all may be read afterwards."""
        args = [self.tensors[i] for i in inputs]
        q = args[0].q if op.keeps_scale else op.fixed_output or self.draw.quantization()
        names = [self.tensor(f"t{len(self.tensors)}", s, q) for s in op.shapes(args)]
        self.nodes.append(Node(op, inputs, tuple(names)))
        self.ready += [n for n in names if len(self.tensors[n].shape) == 4]
        return names[0]

    def weighted(self, op: Op, x: str, w: Tensor, channels: int) -> str:
        bias = self.draw.scaled(self.draw.bias(channels), self.tensors[x].q, w)
        return self.apply(op, x, self.constant(w), self.constant(bias))

    def conv(self) -> str:
        x, out = self.any(), self.draw.whole(1, 9)
        k, d = self.draw.whole(1, 3), self.draw
        w = d.weights((out, k, k, self.tensors[x].shape[3]), 0, out)
        return self.weighted(Conv((d.whole(1, 2), 1), (1, 1), (1, 1, 1, 1), d.activation()), x, w, out)

    def depthwise(self) -> str:
        x, d = self.any(), self.draw
        c = self.tensors[x].shape[3] * d.whole(1, 2)
        w = d.weights((1, 3, 3, c), 3, c)
        return self.weighted(DepthwiseConv((1, d.whole(1, 2)), (1, 1), (1, 1, 1, 1), d.activation()), x, w, c)

    def add(self) -> str:
        x = self.any()
        same = [n for n in self.ready if self.tensors[n].shape == self.tensors[x].shape]
        return self.apply(Add(self.draw.activation()), x, same[self.draw.whole(0, len(same) - 1)])

    def join(self) -> str:
        x, axis = self.any(), self.draw.whole(1, 3)
        keep = self.tensors[x]
        fits = [n for n in self.ready if _without(self.tensors[n].shape, axis) == _without(keep.shape, axis)]
        fits = [n for n in fits if self.tensors[n].q == keep.q]
        return self.apply(Concatenation(axis), x, fits[self.draw.whole(0, len(fits) - 1)])

    def split(self) -> str:
        x, axis = self.any(), self.draw.whole(1, 3)
        size = self.tensors[x].shape[axis]
        return self.apply(SplitV((1, size - 1), axis), x) if size > 1 else self.relu()

    def cut(self) -> str:
        x = self.any()
        first = self.draw.whole(0, self.tensors[x].shape[1] - 1)
        return self.apply(Slice((0, first, 0, 0), (1, -1, -1, -1)), x)

    def pad(self) -> str:
        d = self.draw
        return self.apply(Pad(((0, 0), (d.whole(0, 2), d.whole(0, 2)), (1, 0), (0, 0))), self.any())

    def pool(self) -> str:
        x = self.any()
        _, t, f, _ = self.tensors[x].shape
        return self.apply(AveragePool((1, 1), size=(min(2, t), min(2, f))), x)

    def swish(self) -> str:
        return self.apply(HardSwish(), self.any())

    def relu(self) -> str:
        return self.apply(Relu(), self.any())

    def flat(self) -> str:
        """There and back, as a view of a view."""
        x = self.any()
        _, t, f, c = self.tensors[x].shape
        return self.apply(Reshape((1, t, f, c)), self.apply(Reshape((1, t * f * c)), x))

    def window(self) -> str:
        """Some frames of the past before the new ones: the ring-buffer idiom."""
        x, past = self.any(), self.draw.whole(1, 5)
        t = self.tensors[x]
        state = self.tensor(f"s{len(self.tensors)}", (1, past, *t.shape[2:]), t.q)
        whole = self.apply(Concatenation(1), state, x)
        following = x if past == t.shape[1] and self.draw.whole(0, 1) else self.apply(self.last(whole, past), whole)
        initial = np.full(self.tensors[state].shape, t.q.zero_point, np.int8)
        if self.draw.whole(0, 2) == 0:
            initial = self.draw.values(self.tensors[state].shape)
        self.states.append(State(state, following, initial))
        return self.relu()

    def last(self, whole: str, frames: int) -> Op:
        return Slice.last_frames(self.tensors[whole].shape, frames)


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def random_graph(seed: int, operators: int = 6, states: bool = False) -> Graph:
    return Maker(seed).graph(operators, states)
