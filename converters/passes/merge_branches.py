"""Depthwise convolutions side by side, each on some channels and the newest frames, become one over all of them.

MixConv as microWakeWord has it: the channels are split, each part is cut to its own kernel's length, convolved,
and the results are concatenated. A kernel of the longest length with zeros in front computes the same sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.graph import TIME, Graph, Node, Quantization, Tensor
from converters.ops.concatenation.op import Concatenation
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.split_v.op import SplitV
from converters.ops.window import NO_PADS


@dataclass(frozen=True)
class _Branch:
    node: Node
    first: int
    """Frame of the whole at which it begins."""


def merge_branches(graph: Graph) -> Graph:
    """Only where every branch has the concatenation's output quantization: then nothing is rounded anew."""
    for node in graph:
        merged = _merged(graph, node)
        if merged is not None:
            graph = merged
    return graph


def _merged(graph: Graph, join: Node) -> Graph | None:
    if not isinstance(join.op, Concatenation) or join.op.axis != len(graph[join.name].shape) - 1:
        return None
    split = _split(graph, join)
    branches = [_branch(graph, n, split) for n in join.inputs] if split is not None else []
    found = [b for b in branches if b is not None]
    if split is None or len(found) < 2 or len(found) < len(branches) or not _alike(graph, join, found):
        return None
    op, constants = _kernel(graph, found)
    x = graph[split.inputs[0]]
    if op.shape([x, *constants]) != graph[join.name].shape:
        return None
    made = Node(op, (x.name, *(c.name for c in constants)), join.outputs)
    return graph.with_([made if n.name == join.name else n for n in graph], constants)


def _split(graph: Graph, join: Node) -> Node | None:
    """The SPLIT along channels whose outputs, in this order, the branches read."""
    sources = [_source(graph, n) for n in join.inputs]
    first = graph.producer(sources[0][0]) if sources[0] else None
    if first is None or not isinstance(first.op, SplitV) or first.op.axis != len(graph[join.name].shape) - 1:
        return None
    names = tuple(s[0] for s in sources if s)
    return first if names == first.outputs and len(names) == len(sources) else None


def _source(graph: Graph, name: str) -> tuple[str, int] | None:
    """What a depthwise convolution reads, through a cut in time: (tensor, first frame)."""
    node = graph.producer(name)
    if node is None or not isinstance(node.op, DepthwiseConv):
        return None
    cut = graph.producer(node.inputs[0])
    whole = graph[cut.inputs[0]] if cut is not None and len(cut.inputs) == 1 and len(cut.outputs) == 1 else None
    if cut is None or whole is None or isinstance(cut.op, SplitV):
        return node.inputs[0], 0
    first = _first_frame(cut, whole, graph[cut.name])
    return (whole.name, first) if first is not None else None


def _first_frame(cut: Node, x: Tensor, y: Tensor) -> int | None:
    """For an operator that keeps the frames from some one on, and all bands and channels."""
    pieces = cut.op.pieces([x], [y])
    if (
        pieces is None
        or pieces.whole != "input"
        or len(x.shape) != 4
        or len(y.shape) != 4
        or x.shape[2:] != y.shape[2:]
    ):
        return None
    row = int(np.prod(x.shape[2:])) * np.dtype(x.dtype).itemsize
    frames, rest = divmod(pieces.offsets[0], row)
    return frames if not rest and frames + y.shape[TIME] == x.shape[TIME] else None


def _branch(graph: Graph, name: str, split: Node | None) -> _Branch | None:
    node, source = graph.producer(name), _source(graph, name)
    if node is None or source is None or graph.only_use(name) is None:
        return None
    assert isinstance(node.op, DepthwiseConv)
    x, w = graph[node.inputs[0]], graph[node.inputs[1]]
    simple = node.op.pads == NO_PADS and w.is_constant and w.shape[3] == x.shape[3] and set(w.q.zero_points) == {0}
    return _Branch(node, source[1]) if simple and source[1] % node.op.dilation[0] == 0 else None


def _alike(graph: Graph, join: Node, branches: list[_Branch]) -> bool:
    """Same stride, dilation, activation and kernel width; same quantizations; all with a bias or none."""
    kinds = {b.node.op for b in branches}
    widths = {graph[b.node.inputs[1]].shape[2] for b in branches}
    scales = {graph[b.node.inputs[0]].quantization for b in branches}
    outs = {graph[n].quantization for n in (*join.inputs, join.name)}
    biases = {len(b.node.inputs) for b in branches}
    return all(len(s) == 1 for s in (kinds, widths, scales, outs, biases))


def _kernel(graph: Graph, branches: list[_Branch]) -> tuple[DepthwiseConv, list[Tensor]]:
    """The operator, and its weights and bias."""
    op = branches[0].node.op
    assert isinstance(op, DepthwiseConv)
    parts = [graph[b.node.inputs[1]] for b in branches]
    starts = [b.first // op.dilation[0] for b in branches]
    length = max(s + w.shape[1] for s, w in zip(starts, parts, strict=True))
    padded = [
        np.pad(w.values, ((0, 0), (s, length - s - w.shape[1]), (0, 0), (0, 0)))
        for s, w in zip(starts, parts, strict=True)
    ]
    weights = Tensor.constant(f"{parts[0].name}/merged", np.concatenate(padded, 3), _quantization(parts, 3))
    biases = [graph[n] for b in branches for n in b.node.inputs[2:]]
    if not biases:
        return op, [weights]
    return op, [weights, Tensor.constant(f"{biases[0].name}/merged", np.concatenate([b.values for b in biases]))]


def _quantization(parts: list[Tensor], axis: int) -> Quantization:
    scales = [s for t in parts for s in np.broadcast_to(np.array(t.q.scales), t.shape[axis]).tolist()]
    return Quantization(tuple(scales), (0,) * len(scales), axis)
