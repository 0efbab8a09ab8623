"""A permutation of channels, as grouped convolutions leave it, goes into the constants of what reads it.

It costs nothing then: poolings, depthwise convolutions and activations work on each channel by itself, and a
convolution takes its weights in the other order. Where something else reads it, it becomes a 1x1 convolution with
ones, which int8 computes without loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from converters.graph import Graph, Node, Shape, Tensor
from converters.ops import Op
from converters.ops.average_pool.op import AveragePool
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.max_pool.op import MaxPool
from converters.ops.prelu.op import Prelu
from converters.ops.relu.op import Relu
from converters.ops.relu6.op import Relu6
from converters.ops.resize_bilinear.op import ResizeBilinear

if TYPE_CHECKING:
    import torch

EACH_BY_ITSELF = (AveragePool, MaxPool, DepthwiseConv, Prelu, Relu, Relu6, ResizeBilinear)


@dataclass(frozen=True)
class Shuffle(Op):
    """y[..., c] = x[..., order[c]]; only within the passes, for no file has it."""

    builtins = ("SHUFFLE",)
    keeps_scale = True
    order: tuple[int, ...] = ()

    def shape(self, inputs: Sequence[Tensor]) -> Shape:
        return inputs[0].shape

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        return values[0][..., list(self.order)]


def fold_shuffle(graph: Graph) -> Graph:
    """Until none is left."""
    while (node := next((n for n in graph if isinstance(n.op, Shuffle)), None)) is not None:
        graph = _folded(graph, node)
    return graph


def _folded(graph: Graph, node: Node) -> Graph:
    assert isinstance(node.op, Shuffle)
    users = graph.consumers(node.name)
    if node.name in graph.sinks or not all(_takes(graph, u, node) for u in users):
        return _as_convolution(graph, node)
    order = np.array(node.op.order)
    tensors: list[Tensor] = []
    nodes: list[Node] = []
    for n in graph:
        if n is node:
            continue
        if n not in users:
            nodes.append(n)
            continue
        constants, changed = _permuted(graph, n, order)
        tensors += changed
        n = dataclasses.replace(n, inputs=(node.inputs[0], *constants))
        nodes += [n] if isinstance(n.op, Conv) else _shuffled_after(graph, n, node.op, tensors)
    return graph.with_(nodes, tensors)


def _takes(graph: Graph, user: Node, node: Node) -> bool:
    if user.inputs[0] != node.name or node.name in user.inputs[1:]:
        return False
    if isinstance(user.op, DepthwiseConv):
        return graph[user.inputs[1]].shape[3] == graph[node.name].shape[3]
    return isinstance(user.op, (Conv, *EACH_BY_ITSELF))


def _permuted(graph: Graph, user: Node, order: np.ndarray) -> tuple[list[str], list[Tensor]]:
    """Names of the constants, and those that are new because others may read the old ones."""
    names, tensors = [], []
    for position, name in enumerate(user.inputs[1:]):
        old = graph[name]
        if isinstance(user.op, Conv) and position > 0 or old.shape[-1] != len(order):
            names.append(name)  # a bias is of the output; one value for all channels stays
            continue
        data = np.empty_like(old.values)
        data[..., order] = old.values
        names.append(f"{name}/ordered")
        tensors.append(Tensor.constant(names[-1], data))
    return names, tensors


def _shuffled_after(graph: Graph, user: Node, op: Shuffle, tensors: list[Tensor]) -> list[Node]:
    before = dataclasses.replace(graph[user.name], name=f"{user.name}/unordered")
    tensors.append(before)
    return [dataclasses.replace(user, outputs=(before.name,)), Node(op, (before.name,), user.outputs)]


def _as_convolution(graph: Graph, node: Node) -> Graph:
    assert isinstance(node.op, Shuffle)
    n = len(node.op.order)
    weights = np.zeros((n, 1, 1, n), np.float32)
    weights[np.arange(n), 0, 0, list(node.op.order)] = 1
    w = Tensor.constant(f"{node.name}/order", weights)
    b = Tensor.constant(f"{node.name}/none", np.zeros(n, np.float32))
    conv = Node(Conv(), (*node.inputs, w.name, b.name), node.outputs)
    return graph.with_([conv if x is node else x for x in graph], [w, b])
