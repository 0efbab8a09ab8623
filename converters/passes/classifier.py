"""A 1x1 convolution on one position, then a reshape to a row, is one FULLY_CONNECTED."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph
from converters.ops.conv.op import Conv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.reshape.op import Reshape


def classifier(graph: Graph) -> Graph:
    """Also a convolution over all that is left of time and frequency: FULLY_CONNECTED flattens in its order."""
    for node in graph:
        conv = graph.producer(node.inputs[0])
        if not isinstance(node.op, Reshape) or conv is None or not isinstance(conv.op, Conv):
            continue
        x, w = graph[conv.inputs[0]], graph[conv.inputs[1]]
        if w.shape[1:] != x.shape[1:] or any(conv.op.pads) or graph.only_use(conv.name) is not node:
            continue
        rows = dataclasses.replace(w, shape=(w.shape[0], w.values[0].size), data=w.values.reshape(w.shape[0], -1))
        op = FullyConnected(conv.op.activation)
        out = dataclasses.replace(graph[conv.name], shape=graph[node.name].shape)
        merged = dataclasses.replace(conv, op=op)
        nodes = [merged if n is conv else n for n in graph if n is not node]
        graph = graph.with_(nodes, [rows, out]).renamed(node.name, conv.name)
    return graph
