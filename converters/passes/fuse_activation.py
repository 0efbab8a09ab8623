"""RELU and RELU6 go into the operator before, where they cost nothing."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph, Node


def fuse_activation(graph: Graph) -> Graph:
    """An activation stays by itself only when its input is read elsewhere, too."""
    for node in graph:
        before = graph.producer(node.inputs[0])
        if node.op.builtin in ("RELU", "RELU6") and before is not None and _takes(graph, before):
            graph = _fused(graph, before, node)
    return graph


def _takes(graph: Graph, node: Node) -> bool:
    return getattr(node.op, "activation", "") == "NONE" and graph.only_use(node.name) is not None


def _fused(graph: Graph, before: Node, node: Node) -> Graph:
    op = dataclasses.replace(before.op, activation=node.op.builtin)  # type: ignore[call-arg]
    fused = dataclasses.replace(before, op=op)
    nodes = [fused if n is before else n for n in graph if n is not node]
    return graph.with_(nodes).renamed(node.name, before.name)
