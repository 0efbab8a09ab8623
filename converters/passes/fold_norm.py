"""Multiplications and additions by constants, as batch normalization leaves them, go into the layer before.

What differs along frequency (SubSpectralNorm) cannot fold wholly. Its share per channel does: the rest is
a gain in [-1, 1] and a small shift, which int8 constants of one scale hold well.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.graph import Graph, Node, Tensor
from converters.ops import Op
from converters.ops.add.op import Add
from converters.ops.mul.op import Mul


def fold_norm(graph: Graph) -> Graph:
    """Folds until nothing changes; float graphs only."""
    changed = True
    while changed:
        graph, changed = _fold_one(graph)
    for node in graph:
        if isinstance(node.op, Mul) and _layer_before(graph, node):
            graph = _share_with_layer(graph, node)
    return graph


def _layer_before(graph: Graph, node: Node) -> Node | None:
    """The layer with weights whose output only this node reads, times or plus a constant."""
    if not isinstance(node.op, Add | Mul) or graph[node.inputs[0]].is_constant or not graph[node.inputs[1]].is_constant:
        return None
    layer = graph.producer(node.inputs[0])
    if layer is None or layer.op.weight_axis is None and "FULLY" not in layer.op.builtin:
        return None
    fusable = getattr(layer.op, "activation", "") == "NONE" and graph.only_use(layer.name) is node
    return layer if fusable and len(layer.inputs) == 3 else None


def _per_channel(constant: Tensor, channels: int) -> np.ndarray | None:
    """[C] of a constant that is the same everywhere else."""
    data = constant.values.reshape(-1, constant.shape[-1])
    if not (data == data[0]).all():
        return None
    return np.broadcast_to(data[0], (channels,)).astype(np.float64)


def _fold_one(graph: Graph) -> tuple[Graph, bool]:
    for node in graph:
        layer = _layer_before(graph, node)
        if layer is None:
            continue
        factor = _per_channel(graph[node.inputs[1]], graph[layer.name].shape[-1])
        if factor is None or node.op.shape(graph.args(node)) != graph[layer.name].shape:
            continue
        gain, shift = (factor, 0.0) if isinstance(node.op, Mul) else (1.0, factor)
        tensors = _scaled(graph, layer, gain, shift)
        activation = getattr(node.op, "activation", "NONE")
        folded = dataclasses.replace(layer, op=dataclasses.replace(layer.op, activation=activation))  # type: ignore[call-arg]
        nodes = [folded if n is layer else n for n in graph if n is not node]
        return graph.with_(nodes, tensors).renamed(node.name, layer.name), True
    return graph, False


def weight_axis(op: Op) -> int:
    """Axis of the output channels in the weights."""
    return 0 if op.weight_axis is None else op.weight_axis


def _scaled(graph: Graph, layer: Node, gain: np.ndarray | float, shift: np.ndarray | float) -> list[Tensor]:
    """The layer's weights and bias with a gain and a shift per channel taken in."""
    w, b = graph[layer.inputs[1]], graph[layer.inputs[2]]
    axis = weight_axis(layer.op)
    shape = [-1 if i == axis else 1 for i in range(w.values.ndim)]
    weights = w.values.astype(np.float64) * np.broadcast_to(gain, b.shape).reshape(shape)
    bias = b.values.astype(np.float64) * gain + shift
    return [dataclasses.replace(t, data=d.astype(np.float32)) for t, d in ((w, weights), (b, bias))]


def _share_with_layer(graph: Graph, node: Node) -> Graph:
    """gain * y + shift, both [1, 1, F, C], with the part that only depends on the channel moved into y."""
    layer, after = _layer_before(graph, node), graph.only_use(node.name)
    gain = graph[node.inputs[1]]
    if layer is None or after is None or not isinstance(after.op, Add) or not graph[after.inputs[1]].is_constant:
        return graph
    shift = graph[after.inputs[1]]
    rows = (-1, graph[layer.name].shape[-1])
    m, a = (t.values.astype(np.float64).reshape(rows) for t in (gain, shift))
    if m.shape != a.shape:
        return graph
    peak = np.take_along_axis(m, np.abs(m).argmax(0)[None], 0)[0]  # [C]
    peak[peak == 0] = 1.0
    m = m / peak
    # The bias that leaves the smallest shift, in least squares.
    bias = (m * a).sum(0) / np.maximum((m * m).sum(0), 1e-12)
    a = a - m * bias
    new = [
        dataclasses.replace(gain, data=m.reshape(gain.shape).astype(np.float32)),
        dataclasses.replace(shift, data=a.reshape(shift.shape).astype(np.float32)),
    ]
    return graph.with_(tensors=_scaled(graph, layer, peak, bias) + new)
