"""Padding that TFLite's SAME cannot say becomes a PAD before the operator."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph, Node, Tensor
from converters.ops.pad.op import Pad
from converters.ops.window import NO_PADS, Windowed


def explicit_pad(graph: Graph) -> Graph:
    """Every window is VALID or SAME afterwards; operators that pad one tensor alike share the PAD."""
    nodes: list[Node] = []
    made: dict[str, Tensor] = {}
    for node in graph:
        op = node.op
        if isinstance(op, Windowed) and op.padding(graph.args(node)) is None:
            x, (t0, t1, f0, f1) = graph[node.inputs[0]], op.pads
            pad = Pad(((0, 0), (t0, t1), (f0, f1), (0, 0)))
            padded = f"{x.name}/pad{t0}_{t1}_{f0}_{f1}"
            if padded not in made:
                made[padded] = dataclasses.replace(x, name=padded, shape=pad.shape([x]))
                nodes.append(Node(pad, (x.name,), (padded,)))
            op = dataclasses.replace(op, pads=NO_PADS)
            node = dataclasses.replace(node, op=op, inputs=(padded, *node.inputs[1:]))
        nodes.append(node)
    return graph.with_(nodes, made.values())
