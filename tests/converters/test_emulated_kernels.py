"""Each operator's C is its integer reference on every core: its random cases are one program, run in an emulator."""

from __future__ import annotations

import dataclasses
import pkgutil
import shutil
from collections.abc import Iterable

import numpy as np
import op_cases
import pytest

from converters import ops
from converters.emit.c import emit
from converters.error import ConvertError
from converters.graph import Graph, Node, State, Tensor
from converters.measure import emulator
from converters.measure.measurement import measure
from converters.plan import plan
from converters.run import run_reference
from converters.target import target
from edge.board import open_board

FOLDERS = sorted(m.name for m in pkgutil.iter_modules(ops.__path__) if m.ispkg)
BOARDS = ("mps2-an385-m0plus", "mps2-an385", "mps2-an386", "mps3-an547", "rv32-virt")
SEEDS = range(6)


def renamed(case: op_cases.Case, mark: str) -> op_cases.Case:
    """The case with ``mark`` before every name, so that it can stand beside others in one graph."""
    g = case.graph

    def new(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(n and mark + n for n in names)

    graph = Graph(
        new(g.inputs),
        new(g.outputs),
        tuple(Node(n.op, new(n.inputs), new(n.outputs)) for n in g),
        {mark + t.name: dataclasses.replace(t, name=mark + t.name) for t in g.tensors.values()},
        tuple(State(mark + s.read, mark + s.write, s.initial) for s in g.states),
    )
    return op_cases.Case(graph, case.inputs)


def together(cases: list[op_cases.Case]) -> op_cases.Case:
    """One graph of them all, side by side."""
    graphs = [c.graph for c in cases]
    tensors: dict[str, Tensor] = {}
    for g in graphs:
        tensors |= g.tensors
    return op_cases.Case(
        Graph(
            tuple(n for g in graphs for n in g.inputs),
            tuple(n for g in graphs for n in g.outputs),
            tuple(n for g in graphs for n in g.nodes),
            tensors,
            tuple(s for g in graphs for s in g.states),
        ),
        [x for c in cases for x in c.inputs],
    )


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", BOARDS)
def test_c_on_the_core_is_the_reference(name, folder):
    board = open_board(name)
    core = target(board.target)
    for program in (core.compiler, emulator.program(board)):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    whole = together([renamed(op_cases.case_for(folder, seed), f"seed {seed}: ") for seed in SEEDS])
    try:
        made = plan(whole.graph, core)
    except ConvertError as e:
        pytest.skip(str(e))
    values = run_reference(whole.graph, whole.inputs)
    found = measure(emit(made), whole.graph, board, [whole.inputs])
    for output, answer in zip(whole.graph.outputs, found.report.answers(whole.graph)[0], strict=True):
        np.testing.assert_array_equal(answer, values[output], err_msg=f"{name}, {folder}, {output}")
