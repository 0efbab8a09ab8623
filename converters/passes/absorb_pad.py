"""A PAD in time and frequency moves into the convolutions that read it; poolings do not count their padding."""

from __future__ import annotations

import dataclasses

from converters.graph import Graph, Node
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.pad.op import Pad


def absorb_pad(graph: Graph) -> Graph:
    """The PAD itself is dropped once nobody else reads it."""
    return graph.with_([_absorbed(graph, n) for n in graph])


def _absorbed(graph: Graph, node: Node) -> Node:
    before = graph.producer(node.inputs[0])
    if not isinstance(node.op, Conv | DepthwiseConv) or before is None or not isinstance(before.op, Pad):
        return node
    if len(before.op.paddings) != 4:
        return node
    batch, time, bands, channels = before.op.paddings
    if any((*batch, *channels)) or not _pads_with_zero(graph, before):
        return node
    t0, t1, f0, f1 = node.op.pads
    pads = (t0 + time[0], t1 + time[1], f0 + bands[0], f1 + bands[1])
    op = dataclasses.replace(node.op, pads=pads)
    return dataclasses.replace(node, op=op, inputs=(before.inputs[0], *node.inputs[1:]))


def _pads_with_zero(graph: Graph, pad: Node) -> bool:
    """What it puts around is real zero, and it leaves the scale: only then do a convolution's pads say the same."""
    x, y = graph[pad.inputs[0]], graph[pad.name]
    if x.quantization != y.quantization or not isinstance(pad.op, Pad):
        return False
    return y.quantization is None or pad.op.fill(y) == y.q.zero_point
