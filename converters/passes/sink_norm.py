"""Normalizations move towards the layers that can take them in; one that cannot is a single operator.

A resize and a joining of channels compute each channel as a mean of its own values: what is multiplied and added
per channel after them may as well be before. What no layer takes becomes a depthwise convolution of 1x1, whose
scales are per channel, instead of a MUL and an ADD whose constants share one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from converters.graph import Graph, Node, Tensor
from converters.ops.add.op import Add
from converters.ops.concatenation.op import Concatenation
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.mul.op import Mul
from converters.ops.resize_bilinear.op import ResizeBilinear
from converters.passes.fold_norm import fold_norm

CHANNELS = 3


def sink_norm(graph: Graph) -> Graph:
    """Moves and folds in turn until nothing changes."""
    graph = fold_norm(graph)
    while (moved := _moved_one(graph)) is not None:
        graph = fold_norm(moved)
    return graph


def gather_norm(graph: Graph) -> Graph:
    """A MUL and an ADD by constants per channel become one depthwise convolution."""
    for node in graph:
        after = graph.only_use(node.name)
        if after is None or not _per_channel(graph, node, Mul) or not _per_channel(graph, after, Add):
            continue
        gain, shift = (graph[n.inputs[1]].values.ravel() for n in (node, after))
        w = Tensor.constant(f"{after.name}/gain", gain.reshape(1, 1, 1, -1))
        b = Tensor.constant(f"{after.name}/shift", np.ascontiguousarray(shift))
        op = DepthwiseConv(activation=after.op.activation)  # type: ignore[attr-defined]
        one = Node(op, (node.inputs[0], w.name, b.name), after.outputs)
        nodes = [one if n is after else n for n in graph if n is not node]
        graph = graph.with_(nodes, [w, b])
    return graph


def _per_channel(graph: Graph, node: Node, kind: type) -> bool:
    """x [B, T, F, C] times or plus [1, 1, 1, C]."""
    if not isinstance(node.op, kind) or len(node.inputs) != 2 or graph[node.inputs[0]].is_constant:
        return False
    constant, y = graph[node.inputs[1]], graph[node.name]
    return constant.is_constant and len(y.shape) == 4 and constant.shape == (1, 1, 1, y.shape[CHANNELS])


def _moved_one(graph: Graph) -> Graph | None:
    for node in graph:
        if not (_per_channel(graph, node, Mul) or _per_channel(graph, node, Add)) or _activation(node) != "NONE":
            continue
        before = graph.producer(node.inputs[0])
        if before is None or graph.only_use(before.name) is not node:
            continue
        if isinstance(before.op, ResizeBilinear):
            return _before(graph, node, before)
        joins = isinstance(before.op, Concatenation) and before.op.axis == CHANNELS
        if joins and all(graph.only_use(i) is before for i in before.inputs):
            return _before(graph, node, before)
    return None


def _activation(node: Node) -> str:
    return str(getattr(node.op, "activation", "NONE"))


def _before(graph: Graph, node: Node, joint: Node) -> Graph:
    """`node` on each input of `joint`, whose output takes the place of `node`'s."""
    constant, done = graph[node.inputs[1]], 0
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    inputs: list[str] = []
    for name in joint.inputs:
        x = graph[name]
        own = constant.values[..., done : done + x.shape[CHANNELS]]
        done += x.shape[CHANNELS]
        c = Tensor.constant(f"{node.name}/{len(inputs)}/constant", np.ascontiguousarray(own))
        y = dataclasses.replace(x, name=f"{node.name}/{len(inputs)}")
        nodes.append(Node(node.op, (name, c.name), (y.name,)))
        tensors += [c, y]
        inputs.append(y.name)
    nodes.append(Node(joint.op, tuple(inputs), node.outputs))
    return graph.with_([m for n in graph if n is not node for m in (nodes if n is joint else [n])], tensors)
