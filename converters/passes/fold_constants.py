"""What is computed from constants alone is a constant."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.graph import Graph, Node, Tensor


def fold_constants(graph: Graph) -> Graph:
    """Int8 graphs: the operators' integer references give the values."""
    kept: list[Node] = []
    for node in graph:
        args = graph.args(node)
        if not args or not all(a.is_constant for a in args) or not all(node.outputs):
            kept.append(node)
            continue
        outs = [graph[o] for o in node.outputs]
        values = node.op.references([a.values for a in args], args, outs)
        graph = graph.with_(tensors=[_constant(t, v) for t, v in zip(outs, values, strict=True)])
    return graph.with_(kept)


def _constant(t: Tensor, values: np.ndarray) -> Tensor:
    return dataclasses.replace(t, data=np.ascontiguousarray(values, t.dtype).reshape(t.shape))
