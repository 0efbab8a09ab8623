"""Variables read and assigned in any order are the states that TFLM keeps."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.emit.tflite import emit, emit_subgraphs
from converters.error import ConvertError
from converters.graph import Graph, Node, Quantization, Tensor
from converters.interpreters import Tflm
from converters.ops.add.op import Add
from converters.ops.assign_variable.op import AssignVariable
from converters.ops.call_once.op import CallOnce
from converters.ops.read_variable.op import ReadVariable
from converters.ops.relu.op import Relu
from converters.ops.var_handle.op import VarHandle
from converters.read_tflite import parse
from converters.run import run_steps

Q = Quantization.of(0.05, -7)
SHAPE = (1, 3)
STEPS = 5


@dataclass
class Program:
    """Operators as a file lists them."""

    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def value(self, dtype: str = "int8", data: np.ndarray | None = None, shape: tuple[int, ...] = SHAPE) -> str:
        name = f"t{len(self.tensors)}"
        self.tensors[name] = Tensor(name, shape, dtype, Q if dtype == "int8" else None, data)
        return name

    def handle(self, variable: str) -> str:
        h = self.value("resource", shape=())
        self.nodes.append(Node(VarHandle("", variable), (), (h,)))
        return h

    def read(self, variable: str, shape: tuple[int, ...] = SHAPE) -> str:
        h, out = self.handle(variable), self.value(shape=shape)
        self.nodes.append(Node(ReadVariable(), (h,), (out,)))
        return out

    def assign(self, variable: str, value: str) -> None:
        self.nodes.append(Node(AssignVariable(), (self.handle(variable), value), ()))

    def add(self, a: str, b: str) -> str:
        out = self.value()
        self.nodes.append(Node(Add(), (a, b), (out,)))
        return out

    def graph(self, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Graph:
        return Graph(inputs, outputs, tuple(self.nodes), self.tensors)


def require_tflms(content: bytes) -> Graph:
    """The graph, run for some steps beside TFLM."""
    graph = parse(content)
    judge = Tflm(content, len(graph.outputs))
    rng = np.random.default_rng(3)
    steps = [[rng.integers(-20, 20, SHAPE).astype(np.int8)] for _ in range(STEPS)]
    for wanted, inputs in zip(run_steps(graph, steps), steps, strict=True):
        for a, b in zip(wanted, judge.run(inputs), strict=True):
            np.testing.assert_array_equal(a.ravel(), b.ravel())
    return graph


def constants(**initial: int) -> Graph:
    p = Program()
    for variable, first in initial.items():
        p.assign(variable, p.value(data=np.arange(first, first + 3, dtype=np.int8).reshape(SHAPE)))
    return p.graph()


COMMANDS = st.lists(st.tuples(st.sampled_from("rrawc"), st.integers(0, 2), st.integers(0, 99)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(COMMANDS, st.booleans())
def test_any_order_of_reads_and_assignments_is_tflms(commands, initialized):
    p = Program()
    if initialized:
        p.nodes.append(Node(CallOnce(1), (), ()))
    x = p.value()
    known = [x]
    for command, variable, pick in commands:
        if command == "r":
            known.append(p.read(f"v{variable}"))
        elif command == "w":
            p.assign(f"v{variable}", known[pick % len(known)])
        else:
            known.append(p.add(known[pick % len(known)], known[-1]))
    y = p.add(known[-1], x)
    for variable in range(3):
        p.assign(f"v{variable}", known[-1 - variable % len(known)])
    graphs = [p.graph((x,), (y, known[len(known) // 2]) if known[len(known) // 2] != x else (y,))]
    graph = require_tflms(emit_subgraphs([*graphs, constants(v0=5, v1=-90)] if initialized else graphs))
    assert len(graph.states) <= 3
    assert {n.op.builtin for n in graph} <= {"ADD", "RESHAPE"}
    require_tflms(emit(graph))


def test_a_variable_that_never_changes_is_a_constant():
    p = Program([Node(CallOnce(1), (), ())])
    x = p.value()
    y = p.add(x, p.read("v"))
    graph = require_tflms(emit_subgraphs([p.graph((x,), (y,)), constants(v=4)]))
    assert not graph.states
    assert [t.values.ravel().tolist() for t in graph.tensors.values() if t.is_constant] == [[4, 5, 6]]


def test_a_variable_read_in_another_shape_has_the_same_bytes():
    p = Program()
    x = p.value()
    old = p.read("v", (3, 1))
    flat = p.value(shape=(3, 1))
    p.nodes.append(Node(Relu(), (old,), (flat,)))
    y = p.add(x, p.read("v"))
    p.assign("v", y)
    assert len(require_tflms(emit_subgraphs([p.graph((x,), (y, flat))])).states) == 1


def refused(main: Program, x: str, y: str, *others: Graph) -> str:
    with pytest.raises(ConvertError) as refusal:
        parse(emit_subgraphs([main.graph((x,), (y,)), *others]))
    return str(refusal.value)


def test_what_states_cannot_say_is_refused():
    p = Program()
    x = p.value()
    y = p.add(x, p.read("v"))
    assert "variable v: read, but nothing assigns it" in refused(p, x, y)
    p.nodes.append(Node(CallOnce(1), (), ()))
    assert "CALL_ONCE after variable v was used" in refused(p, x, y, constants(v=1))
    p.nodes[-1] = Node(CallOnce(2), (), ())
    assert "calls subgraphs [2] of 2" in refused(p, x, y, constants(v=1))


def test_a_subgraph_called_once_may_only_assign():
    p = Program([Node(CallOnce(1), (), ())])
    x = p.value()
    y = p.add(x, p.read("v"))
    once = Program()
    once.assign("v", once.add(*[once.value(data=np.zeros(SHAPE, np.int8)) for _ in range(2)]))
    assert "ADD in a subgraph called once" in refused(p, x, y, once.graph())


def test_a_variable_of_two_sizes_is_refused():
    p = Program()
    x = p.value()
    y = p.add(x, x)
    p.read("v", (1, 4))
    p.assign("v", y)
    assert "variable v: assigned as int8 [1, 3], read as int8 [1, 4]" in refused(p, x, y)


def test_a_subgraph_that_is_not_called_is_refused():
    p = Program()
    x = p.value()
    y = p.add(x, x)
    assert "2 subgraphs, of which number 1 () is not called" in refused(p, x, y, constants(v=1))


def test_a_step_graph_is_written_as_variables():
    p = Program()
    x = p.value()
    y = p.add(x, p.read("v"))
    p.assign("v", y)
    graph = parse(emit_subgraphs([p.graph((x,), (y,))]))
    started = dataclasses.replace(
        graph, states=tuple(dataclasses.replace(s, initial=np.array([[1, 2, 3]], np.int8)) for s in graph.states)
    )
    np.testing.assert_array_equal(require_tflms(emit(started)).states[0].initial, [[1, 2, 3]])


def test_variables_beyond_the_memory_set_aside_for_them_are_refused():
    p = Program()
    x = p.value()
    for variable in "abc":
        large = p.read(variable, (1, 1 << 25))
        p.assign(variable, large)
    said = refused(p, x, p.add(x, x))
    assert "100,663,296 bytes of variables, more than 67,108,864" in said
