"""FULLY_CONNECTED over all frames of a stream's window becomes a convolution, which can read them in a ring."""

from __future__ import annotations

import dataclasses

import numpy as np

from converters import fixed_point as fp
from converters.graph import TIME, Graph, Node, Quantization, Tensor
from converters.ops.concatenation.op import Concatenation
from converters.ops.conv.op import Conv
from converters.ops.fully_connected.op import FullyConnected
from converters.ops.reshape.op import Reshape


def dense_window(graph: Graph) -> Graph:
    """The multipliers stay those of FULLY_CONNECTED, which rounds the product of the scales to float32."""
    for node in graph:
        window = _window(graph, node)
        if window is not None:
            graph = _replaced(graph, node, window)
    return graph


def _window(graph: Graph, node: Node) -> Tensor | None:
    """[1, T, F, C] of which one row is all that the node reads."""
    if not isinstance(node.op, FullyConnected):
        return None
    name = node.inputs[0]
    made = graph.producer(name)
    while made is not None and isinstance(made.op, Reshape):
        name = made.inputs[0]
        made = graph.producer(name)
    x, w = graph[name], graph[node.inputs[1]]
    joined = made is not None and isinstance(made.op, Concatenation) and made.op.axis == TIME
    from_state = joined and made is not None and made.inputs[0] in {s.read for s in graph.states}
    whole = len(x.shape) == 4 and w.is_constant and w.shape[1] == int(np.prod(x.shape))
    return x if from_state and whole and set(w.q.zero_points) == {0} else None


def _replaced(graph: Graph, node: Node, x: Tensor) -> Graph:
    assert isinstance(node.op, FullyConnected)
    w, y = graph[node.inputs[1]], graph[node.name]
    scales = _scales(x, w, y)
    if scales is None:
        return graph
    kernel = w.values.reshape(w.shape[0], *x.shape[1:])
    weights = Tensor.constant(f"{w.name}/window", kernel, Quantization(scales, (0,) * len(scales)))
    wide = dataclasses.replace(y, name=f"{y.name}/window", shape=(1, 1, 1, w.shape[0]))
    conv = Node(Conv(activation=node.op.activation), (x.name, weights.name, *node.inputs[2:]), (wide.name,))
    row = Node(Reshape(y.shape), (wide.name,), (y.name,))
    nodes = [m for n in graph for m in ((conv, row) if n.name == node.name else (n,))]
    return graph.with_(nodes, [weights, wide])


def _scales(x: Tensor, w: Tensor, y: Tensor) -> tuple[float, ...] | None:
    """Weight scales with which a convolution's multiplier is the one of FULLY_CONNECTED; None: not found."""
    if w.q.per_channel:
        return w.q.scales
    wanted = float(np.float32(x.q.scale) * np.float32(w.q.scale))
    near = wanted / x.q.scale
    for scale in (near, np.nextafter(near, 0.0), np.nextafter(near, 1.0)):
        if fp.quantize_multiplier(x.q.scale * float(scale) / y.q.scale) == fp.quantize_multiplier(wanted / y.q.scale):
            return (float(scale),)
    return None
