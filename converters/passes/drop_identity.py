"""Operators whose output is their input: QUANTIZE to the same scale, slices of everything, reshapes to the same."""

from __future__ import annotations

from converters.graph import Graph, Node, Tensor
from converters.ops.quantize.op import Quantize
from converters.ops.reshape.op import Reshape


def drop_identity(graph: Graph) -> Graph:
    """An output of the graph keeps its operator when it would become an input or a constant."""
    for node in graph:
        if len(node.outputs) != 1 or not node.inputs or not node.inputs[0]:
            continue
        x, y = graph[node.inputs[0]], graph[node.name]
        if _same(node, x, y) and (node.name not in graph.sinks or graph.producer(x.name) is not None):
            graph = graph.with_([n for n in graph if n.name != node.name]).renamed(y.name, x.name)
        elif isinstance(node.op, Reshape):
            graph = _joined(graph, node)
    return graph


def _same(node: Node, x: Tensor, y: Tensor) -> bool:
    if (x.shape, x.dtype, x.quantization) != (y.shape, y.dtype, y.quantization) or x.is_constant:
        return False
    pieces = node.op.pieces([x], [y]) if len(node.inputs) == 1 else None
    piece = pieces is not None and pieces.whole == "input" and pieces.offsets == (0,)
    return piece or node.op.view_of([x], [y]) or isinstance(node.op, Quantize)


def _joined(graph: Graph, node: Node) -> Graph:
    """A reshape of a reshape reads the first one's input."""
    before = graph.producer(node.inputs[0])
    if before is None or not isinstance(before.op, Reshape):
        return graph
    direct = Node(Reshape(graph[node.name].shape), (before.inputs[0],), node.outputs)
    return graph.with_([direct if n.name == node.name else n for n in graph])
