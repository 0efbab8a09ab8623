"""Graphs evaluated: in TFLM's integers by numpy, in float by torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.graph import Graph, Node

if TYPE_CHECKING:
    import torch


def run_reference(graph: Graph, inputs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Every tensor of an int8 graph, as TFLM computes it."""
    values = {t.name: t.data for t in graph.tensors.values() if t.data is not None}
    values |= dict(zip(graph.inputs, inputs, strict=True))
    for node in graph:
        args = graph.args(node)
        values[node.name] = node.op.reference([values[a.name] for a in args], args, graph[node.name])
    return values


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
