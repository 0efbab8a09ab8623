"""Resource variables -> states of the graph: what is read at the start of a run, and what is there at its end.

A file says it with VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE, in an order that counts; a graph
says it with values. ``with_variables`` is the way back, for a graph that is written to a file.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from converters.error import ConvertError
from converters.graph import Graph, Node, State, Tensor
from converters.ops.assign_variable.op import AssignVariable
from converters.ops.call_once.op import CallOnce
from converters.ops.read_variable.op import ReadVariable
from converters.ops.reshape.op import Reshape
from converters.ops.var_handle.op import VarHandle

VARIABLE_OPERATORS = (VarHandle, ReadVariable, AssignVariable, CallOnce)


def resolve_variables(graph: Graph, subgraphs: Mapping[int, Graph]) -> Graph:
    """The graph without the four operators; raises ConvertError for an order that states cannot say.

    ``subgraphs`` are those that the graph calls once, by their numbers.
    """
    if not any(isinstance(n.op, VARIABLE_OPERATORS) for n in graph):
        return graph
    return _Resolver(graph, subgraphs).run()


@dataclass
class _Variable:
    """What is known of one variable while the nodes go by."""

    name: str
    initial: Tensor | None = None
    """Assigned by a subgraph called once."""
    first: Tensor | None = None
    """The first value assigned in the graph: an interpreter makes room, and fills it, for this."""
    read: str = ""
    """The tensor with the value from before the run."""
    now: str = ""
    """The tensor assigned last."""


@dataclass
class _Resolver:
    graph: Graph
    subgraphs: Mapping[int, Graph]
    variables: dict[tuple[str, str], _Variable] = field(default_factory=dict)
    handles: dict[str, _Variable] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)

    def run(self) -> Graph:
        ports = (*self.graph.inputs, *self.graph.outputs)
        self.tensors = {k: t for k, t in self.graph.tensors.items() if t.dtype != "resource" or k in ports}
        for node in self.graph:
            self.step(node)
        self.states = list(self.graph.states)
        for v in self.variables.values():
            self.state(v)
        return dataclasses.replace(self.graph, nodes=tuple(self.nodes), tensors=self.tensors, states=tuple(self.states))

    def step(self, node: Node) -> None:
        match node.op:
            case VarHandle():
                self.handles[node.name] = self.variable(node.op)
            case CallOnce():
                self.call(node.op)
            case ReadVariable():
                self.read(self.variable_of(node), node.name)
            case AssignVariable():
                v = self.variable_of(node)
                v.now = self.alias.get(node.inputs[1], node.inputs[1])
                v.first = v.first or self.tensors[v.now]
            case _:
                self.nodes.append(dataclasses.replace(node, inputs=tuple(self.alias.get(i, i) for i in node.inputs)))

    def variable(self, op: VarHandle) -> _Variable:
        return self.variables.setdefault((op.container, op.shared_name), _Variable(op.shared_name))

    def variable_of(self, node: Node) -> _Variable:
        if not node.inputs or node.inputs[0] not in self.handles:
            raise ConvertError(f"{node.op.builtin}: of no variable that VAR_HANDLE made; export the model again")
        return self.handles[node.inputs[0]]

    def call(self, op: CallOnce) -> None:
        """Notes what the subgraph assigns; it must come before anything that it could change."""
        touched = [v.name for v in self.variables.values() if v.read or v.now]
        if touched:
            raise ConvertError(f"CALL_ONCE after variable {touched[0]} was used; call it before everything else")
        handles: dict[str, _Variable] = {}
        for node in self.subgraphs[op.subgraph]:
            if isinstance(node.op, VarHandle):
                handles[node.name] = self.variable(node.op)
            elif isinstance(node.op, AssignVariable) and len(node.inputs) == 2 and node.inputs[0] in handles:
                handles[node.inputs[0]].initial = _constant(self.subgraphs[op.subgraph][node.inputs[1]])
            else:
                raise ConvertError(f"{node.op.builtin} in a subgraph called once; assign constants there, no more")

    def read(self, v: _Variable, out: str) -> None:
        """``out`` is the value at this moment: a tensor that is there already, or the state."""
        source = v.now or v.read
        if not source:
            v.read = out
        elif _alike(self.tensors[source], self.tensors[out]) and out not in self.graph.outputs:
            self.alias[out] = source
        else:
            self.nodes.append(self.copy(v, source, out))

    def copy(self, v: _Variable, source: str, out: str) -> Node:
        """The same bytes under another shape, quantization or name."""
        a, b = self.tensors[source], self.tensors[out]
        if a.dtype != b.dtype or math.prod(a.shape) != math.prod(b.shape):
            raise ConvertError(
                f"variable {v.name}: assigned as {a.dtype} {list(a.shape)}, read as {b.dtype} {list(b.shape)}"
            )
        return Node(Reshape(b.shape), (source,), (out,))

    def state(self, v: _Variable) -> None:
        """Adds it, but not for a variable that is never read before it is assigned, or that never changes."""
        if not v.read:
            return
        t = self.tensors[v.read]
        if not v.now:
            self.tensors[v.read] = dataclasses.replace(t, data=self.initial(v, t))
            return
        if self.tensors[v.now].shape != t.shape or self.tensors[v.now].dtype != t.dtype:
            after = dataclasses.replace(t, name=f"{v.read}:next")
            self.tensors[after.name] = after
            self.nodes.append(self.copy(v, v.now, after.name))
            v.now = after.name
        self.states.append(State(v.read, v.now, self.initial(v, t)))

    def initial(self, v: _Variable, t: Tensor) -> np.ndarray:
        """The value before the first run; by default the low byte of the zero point, as TFLM fills the memory."""
        if v.initial is not None:
            if v.initial.dtype != t.dtype or v.initial.values.size != math.prod(t.shape):
                raise ConvertError(f"variable {v.name}: initialized with {v.initial.dtype} {list(v.initial.shape)}")
            return v.initial.values.reshape(t.shape)
        if v.first is None:
            raise ConvertError(f"variable {v.name}: read, but nothing assigns it; give it an initial value")
        zero = v.first.quantization.zero_point if v.first.quantization else 0
        return State.filled(t, zero & 255, self.states)


def _constant(t: Tensor) -> Tensor:
    if not t.is_constant:
        raise ConvertError(f"{t.name}: a variable's initial value that is computed; assign a constant")
    return t


def _alike(a: Tensor, b: Tensor) -> bool:
    return (a.shape, a.dtype, a.quantization) == (b.shape, b.dtype, b.quantization)
