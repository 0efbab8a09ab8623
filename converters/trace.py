"""torch module -> float graph: ``torch.export``, then each ATen call is taken over by one function.

Networks speak ``[B, C, F, T]``; the graph is built in ``[1, T, F, C]`` from the start, so that no transposing
is ever needed. A torch reshape that only regroups axes (flatten, SubSpectralNorm's bands) stays a *view*: a
shape noted beside the tensor, which the next call resolves, and which costs no operator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph, Node, Shape, Tensor
from converters.ops import Op
from converters.ops.reshape.op import Reshape
from converters.ops.softmax.op import Softmax
from converters.passes.drop_dead import drop_dead

if TYPE_CHECKING:
    import torch

TO_GRAPH = (0, 3, 2, 1)
"""Axes of [B, C, F, T] in the order of [B, T, F, C]; it is its own inverse."""


@dataclass(frozen=True)
class Value:
    """A tensor of the graph as torch sees it."""

    name: str
    shape: Shape
    """In torch's order; other than the tensor's own shape while a view is pending."""


Handler = Callable[..., Any]
_HANDLERS: dict[str, Handler] = {}


def handles(*targets: str) -> Callable[[Handler], Handler]:
    """Registers a function for ATen calls: it gets the tracer and the call's arguments."""

    def register(f: Handler) -> Handler:
        _HANDLERS.update(dict.fromkeys(targets, f))
        return f

    return register


@dataclass
class Tracer:
    """The graph while it grows."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    scope: str = ""
    """Module path of the call at hand: layers keep their names."""

    def unique(self, name: str) -> str:
        taken = [name, *(f"{name}_{i}" for i in range(1, len(self.tensors) + 2))]
        return next(n for n in taken if n not in self.tensors)

    def constant(self, data: np.ndarray, kind: str) -> str:
        """Adds float32 data in the graph's layout."""
        name = self.unique(f"{self.scope}.{kind}" if self.scope else kind)
        self.tensors[name] = Tensor.constant(name, np.ascontiguousarray(data, np.float32))
        return name

    def emit(self, op: Op, *inputs: str, kind: str = "") -> str:
        """Adds a node; its output is named after the layer."""
        name = self.unique("/".join(p for p in (self.scope, kind) if p) or op.builtin.lower())
        shape = op.shape([self.tensors[i] for i in inputs])
        self.tensors[name] = Tensor(name, shape)
        self.nodes.append(Node(op, inputs, (name,)))
        return name

    def own_shape(self, value: Value) -> Shape:
        """The tensor's shape in torch's order, without a pending view."""
        shape = self.tensors[value.name].shape
        return tuple(shape[a] for a in TO_GRAPH) if len(shape) == 4 else shape

    def plain(self, value: Value) -> Value:
        """The value, which must have no pending view."""
        if value.shape != self.own_shape(value):
            raise ConvertError(
                f"{self.scope or 'network'}: works on a reshaped tensor {list(value.shape)} of "
                f"{list(self.own_shape(value))}; keep [B, C, F, T] up to the classifier"
            )
        return value

    def result(self, op: Op, *values: Value, kind: str = "", constants: Sequence[str] = ()) -> Value:
        """A node over values without views."""
        name = self.emit(op, *(self.plain(v).name for v in values), *constants, kind=kind)
        return Value(name, self.own_shape(Value(name, ())))

    def elementwise(self, op: Op, value: Value, kind: str) -> Value:
        """A node over each value by itself: a view may stay pending."""
        return Value(self.emit(op, value.name, kind=kind), value.shape)


def to_graph(data: np.ndarray) -> np.ndarray:
    """A torch constant that broadcasts against [B, C, F, T], in the graph's layout."""
    data = np.asarray(data, np.float32)
    return data.reshape((1,) * (4 - data.ndim) + data.shape).transpose(TO_GRAPH)


def trace(network: torch.nn.Module, bands: int, frames: int) -> Graph:
    """Float graph from [1, frames, bands, 1] to softmax probabilities [1, labels].

    Raises ConvertError naming the layer that has no counterpart.
    """
    tracer, result = walk(network, Tensor("features", (1, frames, bands, 1)))
    scores = _finish(tracer, result)
    graph = Graph(("features",), (scores,), tuple(tracer.nodes), tracer.tensors)
    return drop_dead(graph).validate()


def walk(network: torch.nn.Module, source: Tensor) -> tuple[Tracer, Value]:
    """The nodes of a network on an input [1, T, F, C], and its result."""
    import torch

    from converters import lowering, lowering_pictures  # registers the handlers

    assert lowering and lowering_pictures
    shape = tuple(source.shape[a] for a in TO_GRAPH)
    with torch.no_grad():
        program = torch.export.export(network.eval(), (torch.zeros(shape),))
    tracer = Tracer()
    tracer.tensors[source.name] = source
    values = _constants(program)
    for node in program.graph.nodes:
        if node.op == "placeholder":
            values.setdefault(node.name, Value(source.name, shape))
        elif node.op == "call_function":
            values[node.name] = _call(tracer, node, values)
        else:
            result = values[node.args[0][0].name]
    return tracer, result


def _constants(program: Any) -> dict[str, Any]:
    """Placeholder name -> the parameter or buffer it stands for, as numpy."""
    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    names |= getattr(signature, "inputs_to_lifted_tensor_constants", {})
    state = {**program.state_dict, **program.constants}
    return {k: state[v].detach().cpu().numpy() for k, v in names.items()}


def _call(tracer: Tracer, node: Any, values: dict[str, Any]) -> Any:
    import torch

    target = str(node.target)
    stack = node.meta.get("nn_module_stack") or {}
    tracer.scope = str(list(stack.values())[-1][0]) if stack else ""
    if target not in _HANDLERS:
        raise ConvertError(f"{tracer.scope or 'network'}: {target} has no int8 operator here; replace the layer")

    def resolve(arg: Any) -> Any:
        if isinstance(arg, torch.fx.Node):
            return values[arg.name]
        return [resolve(a) for a in arg] if isinstance(arg, list | tuple) else arg

    return _HANDLERS[target](tracer, *map(resolve, node.args), **{k: resolve(v) for k, v in node.kwargs.items()})


def _finish(tracer: Tracer, result: Value) -> str:
    """[1, labels] with a softmax, which logits still lack."""
    tracer.scope = ""
    labels = math.prod(result.shape)
    if max(result.shape) != labels or len(tracer.own_shape(result)) == 4 and tracer.own_shape(result)[1] != labels:
        raise ConvertError(f"the network's output {list(result.shape)} is not one row of labels; flatten and classify")
    name = result.name
    if tracer.tensors[name].shape != (1, labels):
        name = tracer.emit(Reshape((1, labels)), name, kind="logits")
    if isinstance(tracer.nodes[-1].op, Softmax):
        return name
    return tracer.emit(Softmax(), name, kind="scores")
