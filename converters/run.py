"""Graphs evaluated: in TFLM's integers by numpy, in float by torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.graph import Graph, Node

if TYPE_CHECKING:
    import torch


def run_reference(
    graph: Graph, inputs: Sequence[np.ndarray], states: Sequence[np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Every tensor of an int8 graph, as TFLM computes it; ``states`` default to their initial values."""
    values = {t.name: t.data for t in graph.tensors.values() if t.data is not None}
    values |= dict(zip(graph.inputs, inputs, strict=True))
    before = [s.initial for s in graph.states] if states is None else states
    values |= dict(zip((s.read for s in graph.states), before, strict=True))
    for node in graph:
        args, outs = graph.args(node), [graph[o] for o in node.outputs]
        results = node.op.references([values[a.name] for a in args], args, outs)
        values |= dict(zip(node.outputs, results, strict=True))
    return values


def run_steps(graph: Graph, steps: Iterable[Sequence[np.ndarray]]) -> Iterator[list[np.ndarray]]:
    """The outputs of one run after another, the states carried on."""
    states = [s.initial for s in graph.states]
    for inputs in steps:
        values = run_reference(graph, inputs, states)
        states = [values[s.write] for s in graph.states]
        yield [values[o] for o in graph.outputs]


def outputs(graph: Graph, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The graph's outputs only."""
    values = run_reference(graph, inputs)
    return [values[o] for o in graph.outputs]


def run_float(
    graph: Graph,
    x: torch.Tensor,
    constants: Mapping[str, torch.Tensor],
    after: Callable[[Node, torch.Tensor], torch.Tensor] = lambda _, y: y,
) -> dict[str, torch.Tensor]:
    """Every activation for x [B, T, F, C]; ``after`` sees, and may change, each node's result."""
    values = {**constants, graph.inputs[0]: x}
    for node in graph:
        values[node.name] = after(node, node.op.forward(*(values[i] for i in node.inputs if i)))
    return values
