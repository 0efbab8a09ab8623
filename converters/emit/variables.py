"""States -> resource variables, as a file says them: the way back from ``passes/variables.py``."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.graph import Graph, Node, State, Tensor
from converters.ops.assign_variable.op import AssignVariable
from converters.ops.call_once.op import CallOnce
from converters.ops.read_variable.op import ReadVariable
from converters.ops.var_handle.op import VarHandle


def with_variables(graph: Graph) -> tuple[Graph, Graph | None]:
    """The graph with variables read at its start and assigned at its end, and the one that initializes them.

    States that belong to an operator (``Op.variable_inputs``) stay: a file has them as variable tensors.
    """
    owned = {o for n in graph for o in n.outputs[len(n.outputs) - len(n.op.variable_inputs) :]}
    states = [s for s in graph.states if s.write not in owned]
    if not states:
        return graph, None
    reads, assigns, sets = list[Node](), list[Node](), list[Node]()
    handles, initial = list[Tensor](), list[Tensor]()
    for i, s in enumerate(states):
        handle = Tensor(f"state{i}/handle", (), "resource")
        value = dataclasses.replace(graph[s.read], name=f"state{i}/initial", data=s.initial)
        make = Node(VarHandle("", f"state{i}"), (), (handle.name,))
        reads += [make, Node(ReadVariable(), (handle.name,), (s.read,))]
        assigns.append(Node(AssignVariable(), (handle.name, s.write), ()))
        handles.append(handle)
        if not _is_default(s, graph[s.write]):
            sets += [make, Node(AssignVariable(), (handle.name, value.name), ())]
            initial += [handle, value]
    once = [Node(CallOnce(1), (), ())] if sets else []
    main = dataclasses.replace(
        graph.with_([*once, *reads, *graph.nodes, *assigns], handles),
        states=tuple(s for s in graph.states if s.write in owned),
    )
    return main, Graph((), (), tuple(sets), {t.name: t for t in initial}) if sets else None


def _is_default(state: State, write: Tensor) -> bool:
    """Whether interpreters start with this value unasked: each byte the zero point of what is assigned."""
    zero = write.quantization.zero_point if write.quantization else 0
    return bool((np.ascontiguousarray(state.initial).view(np.uint8) == zero & 255).all())
