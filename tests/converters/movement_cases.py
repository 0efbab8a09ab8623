"""Random cases of the operators that move values; see ``op_cases``."""

from __future__ import annotations

import dataclasses

from draw import Case, Draw

from converters.graph import Graph, Node, Tensor
from converters.ops.concatenation.op import Concatenation
from converters.ops.depth_to_space.op import DepthToSpace
from converters.ops.expand_dims.op import ExpandDims
from converters.ops.mirror_pad.op import MirrorPad
from converters.ops.pack.op import Pack
from converters.ops.pad.op import Pad
from converters.ops.padv2.op import PadV2
from converters.ops.reshape.op import Reshape
from converters.ops.resize_bilinear.op import ResizeBilinear
from converters.ops.resize_nearest_neighbor.op import ResizeNearestNeighbor
from converters.ops.slice.op import Slice
from converters.ops.space_to_depth.op import SpaceToDepth
from converters.ops.split.op import Split
from converters.ops.split_v.op import SplitV
from converters.ops.squeeze.op import Squeeze
from converters.ops.strided_slice.op import StridedSlice
from converters.ops.transpose.op import Transpose
from converters.ops.transpose_conv.op import TransposeConv
from converters.ops.unpack.op import Unpack


def pad(d: Draw) -> Case:
    pads = (0, 0), (d.whole(0, 3), d.whole(0, 3)), (1, d.whole(0, 2)), (0, d.whole(0, 1))
    return d.case(Pad(pads), d.shape(), dtype=d.dtype())


def padv2(d: Draw) -> Case:
    dtype = d.dtype()
    case = d.case(PadV2(((0, 1), (0, d.whole(0, 3)), (1, 0), (0, 0))), d.shape(), dtype=dtype)
    node, y = case.graph.nodes[0], case.graph["y"]
    value = Tensor.constant("value", d.values((), dtype), y.quantization)
    op = dataclasses.replace(node.op, value=value)
    return Case(case.graph.with_([dataclasses.replace(node, op=op)]), case.inputs)


def mirror_pad(d: Draw) -> Case:
    x = d.shape()
    pads = (0, 0), (d.whole(0, 3), d.whole(0, 3)), (d.whole(0, 3), d.whole(0, 3)), (0, d.seed % 3 // 2 * (x[3] // 2))
    return d.case(MirrorPad(pads, bool(d.seed % 2)), x)


def concatenation(d: Draw) -> Case:
    x, axis = d.shape(), d.whole(1, 3)
    others = [tuple(d.whole(1, 5) if i == axis else n for i, n in enumerate(x)) for _ in range(1 + d.seed % 3)]
    case = d.case(Concatenation(axis), x, *others, same=True, dtype=d.dtype())
    if d.seed % 4 < 3:
        return case
    part = dataclasses.replace(case.graph["x1"], data=case.inputs[1])
    graph = dataclasses.replace(
        case.graph.with_(tensors=[part]), inputs=tuple(n for n in case.graph.inputs if n != "x1")
    )
    return Case(graph, [case.inputs[0], *case.inputs[2:]])


def split(d: Draw) -> Case:
    x, axis, count = d.shape(), d.whole(1, 3), d.whole(2, 3)
    x = tuple(count * n if a == axis else n for a, n in enumerate(x))
    return d.case(Split((x[axis] // count,) * count, axis), x, dtype=d.dtype())


def split_v(d: Draw) -> Case:
    x, axis = d.shape(), d.whole(1, 2)
    first = d.whole(1, x[axis] - 2)
    return d.case(SplitV((first, 1, x[axis] - first - 1), axis), x, dtype=d.dtype())


def slice(d: Draw) -> Case:  # noqa: A001  named after its folder
    size = (1, -1, -1, -1) if d.seed % 3 == 0 else (1, -1, 2, -1)
    return d.case(Slice((0, d.whole(0, 2), max(size[2] // 2, 0), 0), size), d.shape(), dtype=d.dtype())


def strided_slice(d: Draw) -> Case:
    x = d.shape()
    dropped = (3,) if d.seed % 2 else ()
    if d.seed % 3 == 0:
        backwards = (0, x[1] - 1, 1, 0), (1, -x[1] - 1, 4, 1 if dropped else x[3]), (1, -d.whole(1, 2), 2, 1)
        return d.case(StridedSlice(*backwards, dropped), x, dtype=d.dtype())
    op = StridedSlice((0, d.whole(0, 2), 1, 0), (1, x[1], 4, 1 if dropped else x[3]), (1, d.whole(1, 2), 2, 1), dropped)
    return d.case(op, x, dtype=d.dtype())


def reshape(d: Draw) -> Case:
    x = d.shape()
    return d.case(Reshape((1, x[1] * x[2], x[3])), x)


def squeeze(d: Draw) -> Case:
    x = d.shape()
    return d.case(Squeeze(x[1:]), x, dtype=d.dtype())


def expand_dims(d: Draw) -> Case:
    x, axis = d.shape()[1:], d.whole(0, 3)
    return d.case(ExpandDims((*x[:axis], 1, *x[axis:]), axis), x, dtype=d.dtype("int16"))


def transpose(d: Draw) -> Case:
    x = (*d.shape()[1:], 2, 3)[: 2 + d.seed % 4]
    order = tuple(int(a) for a in d.rng.permutation(len(x)))
    return d.case(Transpose(order), x, dtype=d.dtype("int16"))


def pack(d: Draw) -> Case:
    return d.case(Pack(d.whole(0, 3)), *[d.shape()[1:]] * d.whole(1, 3), same=True, dtype=d.dtype())


def unpack(d: Draw) -> Case:
    return d.case(Unpack(d.whole(0, 3)), d.shape(), dtype=d.dtype())


def resize_bilinear(d: Draw) -> Case:
    corners, centers = ((False, False), (True, False), (False, True))[d.seed % 3]
    return d.case(ResizeBilinear((d.whole(1, 20), d.whole(1, 20)), corners, centers), d.shape())


def resize_nearest_neighbor(d: Draw) -> Case:
    corners, centers = ((False, False), (True, False), (False, True))[d.seed % 3]
    return d.case(ResizeNearestNeighbor((d.whole(1, 20), d.whole(1, 20)), corners, centers), d.shape())


def space_to_depth(d: Draw) -> Case:
    block = d.whole(1, 3)
    return d.case(SpaceToDepth(block), (1, block * d.whole(1, 4), block * d.whole(1, 4), d.whole(1, 5)))


def depth_to_space(d: Draw) -> Case:
    block = d.whole(1, 3)
    return d.case(DepthToSpace(block), (1, d.whole(1, 4), d.whole(1, 4), block * block * d.whole(1, 5)))


def transpose_conv(d: Draw) -> Case:
    x, out, (s_t, s_f), same = d.shape(), d.whole(1, 6), (d.whole(1, 3), d.whole(1, 2)), bool(d.seed % 2)
    weights = d.weights((out, 3, 2, x[3]), 0, out)
    valid = (x[1] - 1) * s_t + 3, (x[2] - 1) * s_f + 2
    to = (1, *((x[1] * s_t, x[2] * s_f) if same else valid), out)
    xq, yq = d.quantization(), d.quantization()
    tensors = [weights, Tensor("x", x, "int8", xq), d.scaled(d.bias(out), xq, weights)][: 2 + (d.seed % 3 > 0)]
    node = Node(TransposeConv(to, (s_t, s_f), same, d.activation()), tuple(t.name for t in tensors), ("y",))
    tensors.append(Tensor("y", to, "int8", yq))
    return Case(Graph(("x",), ("y",), (node,), {t.name: t for t in tensors}), [d.values(x)])
