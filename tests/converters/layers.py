"""Graphs of depthwise convolutions and poolings, and how they run: on this machine and in emulators."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from converters.emit.c import emit
from converters.graph import Graph, Node, Quantization, State, Tensor
from converters.measure import emulator
from converters.measure.measurement import measure
from converters.native import Native, build
from converters.ops import Op
from converters.ops.concatenation.op import Concatenation
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.slice.op import Slice
from converters.plan import plan
from converters.run import run_steps
from converters.target import target
from edge.board import open_board

Shape = tuple[int, ...]
BOARDS = ("mps2-an385-m0plus", "mps2-an385", "mps2-an386", "rv32-virt")


def quantization(rng: np.random.Generator, far: bool) -> Quantization:
    """``far``: scales orders of magnitude apart and zero points at the ends."""
    if far:
        return Quantization.of(10 ** float(rng.uniform(-3, 0)), int(rng.choice([-128, 127])))
    return Quantization.of(float(rng.uniform(0.02, 0.1)), int(rng.integers(-128, 128)))


def beside(graphs: Sequence[Graph]) -> Graph:
    """One graph of all."""
    tensors: dict[str, Tensor] = {}
    for g in graphs:
        tensors |= g.tensors
    return Graph(
        tuple(n for g in graphs for n in g.inputs),
        tuple(n for g in graphs for n in g.outputs),
        tuple(n for g in graphs for n in g.nodes),
        tensors,
        tuple(s for g in graphs for s in g.states),
    )


def applied(mark: str, op: Op, x: Tensor, constants: Sequence[Tensor], y: Quantization) -> Graph:
    args = [x, *constants]
    out = Tensor(f"{mark}y", op.shape(args), "int8", y)
    return Graph((x.name,), (out.name,), (Node(op, tuple(t.name for t in args), (out.name,)),), _named([*args, out]))


def depthwise(
    mark: str, op: DepthwiseConv, x: Shape, kernel: tuple[int, int], seed: int, filters: int = 1, far: bool = False
) -> Graph:
    """x: frames, bands, channels."""
    rng = np.random.default_rng(seed)
    channels = x[2] * filters
    scales = tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.02, channels))
    weights = rng.integers(-128 if far else -127, 128, (1, *kernel, channels)).astype(np.int8)
    w = Tensor.constant(f"{mark}w", weights, Quantization(scales, (0,) * channels, 3 if channels > 1 else 0))
    most = 2**28 if far and seed % 2 else 6000
    b = Tensor.constant(f"{mark}b", rng.integers(-most, most, channels).astype(np.int32))
    q = Quantization.of(q_scale(rng), -128) if op.activation != "NONE" and not far and seed % 3 else None
    return applied(
        mark, op, Tensor(f"{mark}x", (1, *x), "int8", quantization(rng, far)), [w, b], q or quantization(rng, far)
    )


def q_scale(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.02, 0.1))


def stream(mark: str, op: Op, past: int, frames: Shape, constants: Sequence[Tensor], q: Quantization) -> Graph:
    """The operator over ``past`` frames of a state and new ``frames`` [step, bands, channels]."""
    x = Tensor(f"{mark}x", (1, *frames), "int8", q)
    state = Tensor(f"{mark}past", (1, past, *frames[1:]), "int8", q)
    whole = Tensor(f"{mark}whole", (1, past + frames[0], *frames[1:]), "int8", q)
    last = Slice((0, frames[0], 0, 0), (1, past, *frames[1:]))
    later = Tensor(f"{mark}later", state.shape, "int8", q)
    args = [whole, *constants]
    out = Tensor(f"{mark}y", op.shape(args), "int8", q)
    nodes = (
        Node(Concatenation(1), (state.name, x.name), (whole.name,)),
        Node(op, tuple(t.name for t in args), (out.name,)),
        Node(last, (whole.name,), (later.name,)),
    )
    initial = np.full(state.shape, q.zero_point, np.int8)
    tensors = _named([x, state, whole, later, out, *constants])
    return Graph((x.name,), (out.name,), nodes, tensors, (State(state.name, later.name, initial),))


def values(graph: Graph, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, graph[n].shape).astype(np.int8) for n in graph.inputs]


def kernels(graph: Graph, core: str) -> list[str]:
    """Names of the functions that a core gets."""
    return [n.op.c_kernel(graph.args(n), [graph[o] for o in n.outputs], target(core)).function for n in graph]


def check_here(graph: Graph, folder: Path, steps: int = 1) -> None:
    """The C on this machine gives the reference's outputs, step after step."""
    made = plan(graph, target("host"))
    model = Native(build(emit(made), folder), made)
    runs = [values(graph, i) for i in range(steps)]
    for run, wanted in zip(runs, run_steps(graph, runs), strict=True):
        for name, a, b in zip(graph.outputs, model.run(run), wanted, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


def check_on(name: str, graph: Graph, steps: int = 1) -> None:
    """The same on an emulated board."""
    board = open_board(name)
    core = target(board.target)
    for program in (core.compiler, emulator.program(board)):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    runs = [values(graph, i) for i in range(steps)]
    found = measure(emit(plan(graph, core)), graph, board, runs).report.answers(graph)
    for answers, wanted in zip(found, run_steps(graph, runs), strict=True):
        for output, a, b in zip(graph.outputs, answers, wanted, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{name}, {output}")


def _named(tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    return {t.name: t for t in tensors}
