"""Nodes and tensors that no output needs go."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph, Node


def drop_dead(graph: Graph) -> Graph:
    """The graph's inputs and states stay, even unused: they are its contract."""
    needed, kept = set(graph.sinks), list[Node]()
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs, node.outputs)
    needed.update(graph.sources)
    tensors = {k: t for k, t in graph.tensors.items() if k in needed}
    return dataclasses.replace(graph, nodes=tuple(reversed(kept)), tensors=tensors)
