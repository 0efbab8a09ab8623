"""A depthwise convolution of one channel is a convolution: every filter reads the same channel."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph, Node, Tensor
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv


def single_channel(graph: Graph) -> Graph:
    """Weights [1, kT, kF, M] become [M, kT, kF, 1]."""
    nodes, weights = [], []
    for node in graph:
        if isinstance(node.op, DepthwiseConv) and graph[node.inputs[0]].shape[3] == 1:
            turned = _turned(graph[node.inputs[1]])
            weights.append(turned)
            node = _convolution(node, node.op, turned)
        nodes.append(node)
    return graph.with_(nodes, weights)


def _convolution(node: Node, op: DepthwiseConv, weights: Tensor) -> Node:
    conv = Conv(op.stride, op.dilation, op.pads, op.activation)
    return Node(conv, (node.inputs[0], weights.name, *node.inputs[2:]), node.outputs)


def _turned(w: Tensor) -> Tensor:
    data = w.values.transpose(3, 1, 2, 0).copy()
    q = dataclasses.replace(w.q, axis=0)
    return Tensor.constant(f"{w.name}/turned", data, q)
