"""The small typed graph that every pass, quantizer and emitter works on.

Tensors are referred to by name. Graphs are values: a pass returns a new one. Activations are
``[1, T, F, C]`` (time first, so that a frame is contiguous) in float and in int8 alike.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from converters.error import ConvertError

if TYPE_CHECKING:
    from converters.ops import Op

Shape = tuple[int, ...]
DTYPES = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
TIME = 1
"""The axis of time."""
MAX_STATE_BYTES = 1 << 26


@dataclass(frozen=True)
class Quantization:
    """Affine: real = (q - zero_point) * scale; one pair, or one for each index along ``axis``."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @classmethod
    def of(cls, scale: float, zero_point: int = 0) -> Quantization:
        """Per tensor; the scale is what a float32 holds, because that is what the file stores."""
        return cls((float(np.float32(scale)),), (int(zero_point),))

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        return self.zero_points[0]


@dataclass(frozen=True, eq=False)
class Tensor:
    """An activation, or a constant when it has data."""

    name: str
    shape: Shape
    dtype: str = "float32"
    quantization: Quantization | None = None
    data: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def constant(cls, name: str, data: np.ndarray, quantization: Quantization | None = None) -> Tensor:
        return cls(name, tuple(data.shape), str(data.dtype), quantization, data)

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def q(self) -> Quantization:
        """The quantization of a tensor that must have one."""
        if self.quantization is None:
            raise ConvertError(f"{self.name}: not quantized; quantize the graph first")
        return self.quantization

    @property
    def values(self) -> np.ndarray:
        """The data of a tensor that must be constant."""
        if self.data is None:
            raise ConvertError(f"{self.name}: computed at run time where a constant is needed")
        return self.data


@dataclass(frozen=True)
class Node:
    """One operator applied. An input named '' is an optional one left out."""

    op: Op
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.outputs[0]


@dataclass(frozen=True, eq=False)
class State:
    """What a graph remembers from one run to the next: ``read`` is its value, ``write`` the tensor with the next."""

    read: str
    write: str
    initial: np.ndarray = field(repr=False)

    @staticmethod
    def filled(t: Tensor, byte: int, others: Iterable[State]) -> np.ndarray:
        """An initial value for ``t``, every byte alike; raises ConvertError when it is too much beside the others."""
        size = math.prod(t.shape) * np.dtype(t.dtype).itemsize
        if (held := size + sum(s.initial.nbytes for s in others)) > MAX_STATE_BYTES:
            raise ConvertError(f"{t.name}: {held:,} bytes of variables, more than {MAX_STATE_BYTES:,}; shorten them")
        return np.full(size, byte, np.uint8).view(t.dtype).reshape(t.shape)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in topological order over named tensors."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    states: tuple[State, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Tensors that are there before the first node: inputs and states."""
        return (*self.inputs, *(s.read for s in self.states))

    @property
    def sinks(self) -> tuple[str, ...]:
        """Tensors that must be there after the last node: outputs and the states' successors."""
        return (*self.outputs, *(s.write for s in self.states))

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def args(self, node: Node) -> list[Tensor]:
        """The tensors a node reads, without those left out."""
        return [self.tensors[i] for i in node.inputs if i]

    def producer(self, name: str) -> Node | None:
        """The node that computes a tensor; None for an input or a constant."""
        return next((n for n in self.nodes if name in n.outputs), None)

    def consumers(self, name: str) -> list[Node]:
        return [n for n in self.nodes if name in n.inputs]

    def only_use(self, name: str) -> Node | None:
        """The single reader of a tensor that is not an output; a pass may change such a tensor."""
        users = self.consumers(name)
        return users[0] if len(users) == 1 and name not in self.sinks else None

    def histogram(self) -> dict[str, int]:
        """Operator name -> how many."""
        names = sorted(n.op.builtin for n in self.nodes)
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def macs(self) -> int:
        """Multiply-accumulates of one run; convention: convolutions, matrix products and elementwise
        products count, additions and poolings do not."""
        return sum(n.op.macs(self.args(n), self[n.name]) for n in self.nodes)

    def parameters(self) -> int:
        """Number of constant values."""
        return sum(int(np.prod(t.shape)) for t in self.tensors.values() if t.is_constant)

    def with_(
        self,
        nodes: Iterable[Node] | None = None,
        tensors: Iterable[Tensor] = (),
        outputs: Sequence[str] | None = None,
    ) -> Graph:
        """This graph with other nodes, and tensors added or put in place of those of the same name."""
        return dataclasses.replace(
            self,
            nodes=self.nodes if nodes is None else tuple(nodes),
            tensors={**self.tensors, **{t.name: t for t in tensors}},
            outputs=self.outputs if outputs is None else tuple(outputs),
        )

    def renamed(self, old: str, new: str) -> Graph:
        """Every reader of ``old`` reads ``new``, and so does the caller."""
        nodes = [dataclasses.replace(n, inputs=_swap(n.inputs, old, new)) for n in self.nodes]
        states = tuple(State(s.read, new if s.write == old else s.write, s.initial) for s in self.states)
        return dataclasses.replace(self.with_(nodes, outputs=_swap(self.outputs, old, new)), states=states)

    def validate(self) -> Graph:
        """Itself; raises ConvertError naming the first tensor that is wrong."""
        known = {*self.sources, *(t.name for t in self.tensors.values() if t.is_constant), ""}
        for node in self.nodes:
            _check_node(self, node, known)
            known.update(node.outputs)
        for name in self.sinks:
            if name not in known:
                raise ConvertError(f"{name}: an output that no operator computes")
        return self

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)


def _swap(names: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if n == old else n for n in names)


def _check_node(graph: Graph, node: Node, known: set[str]) -> None:
    for name in node.inputs:
        if name not in known:
            raise ConvertError(f"{node.name}: reads {name!r} before anything computes it")
    for name in node.outputs:
        if name in known:
            raise ConvertError(f"{name}: computed twice")
        if graph[name].dtype not in DTYPES:
            raise ConvertError(f"{name}: {graph[name].dtype} values; known are {', '.join(DTYPES)}")
    shapes = node.op.shapes(graph.args(node))
    if len(shapes) != len(node.outputs):
        raise ConvertError(f"{node.name}: {len(node.outputs)} outputs where {node.op.builtin} has {len(shapes)}")
    for name, shape in zip(node.outputs, shapes, strict=True):
        if shape != graph[name].shape:
            raise ConvertError(f"{name}: its shape is {list(graph[name].shape)}, not {list(shape)}")
