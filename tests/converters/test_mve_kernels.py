"""Kernels for Armv8.1-M MVE on an emulated Cortex-M55: channels, tails, places and rings of every kind."""

from __future__ import annotations

import layers
import numpy as np
import pytest
from test_conv_kernels import Layer
from test_depthwise_kernels import bench, chain, streams
from test_emulated_kernels import renamed, together

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops.add.op import Add
from converters.ops.average_pool.op import AveragePool
from converters.ops.conv.op import Conv
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.ops.max_pool.op import MaxPool
from converters.ops.mul.op import Mul
from converters.plan import plan
from converters.target import target

BOARD, CORE = "mps3-an547", "cortex-m55"
Q = Quantization.of(0.05, -7)

CONVOLUTIONS = {
    "K of 16": Layer((5, 5, 16), 32),
    "K of 64, odd positions": Layer((5, 5, 64), 20, activation="RELU"),
    "K of 40": Layer((3, 3, 40), 24),
    "K of 15": Layer((3, 4, 15), 16, activation="RELU6"),
    "K of 17": Layer((4, 3, 17), 18),
    "K of 1": Layer((4, 5, 1), 33),
    "channels of 1 to 3": Layer((4, 5, 9), 3),
    "one channel": Layer((4, 5, 9), 1, (3, 3), same=True),
    "fifteen channels": Layer((4, 5, 9), 15, (2, 3), same=True),
    "sixty channels": Layer((1, 1, 60), 60),
    "strip of single values": Layer((20, 17, 1), 8, (10, 8), (2, 2), same=True, activation="RELU"),
    "tall window of single values": Layer((40, 6, 1), 5, (33, 2), (1, 1)),
    "strip of three values": Layer((8, 11, 3), 16, (3, 3), same=True),
    "strip of eight values": Layer((5, 7, 8), 6, (3, 3), (1, 2), same=True),
    "strip of seventeen values": Layer((5, 6, 17), 4, (3, 2), same=True),
    "strip of forty values": Layer((4, 4, 40), 5, (2, 2), same=True),
    "runs apart": Layer((6, 13, 2), 5, (2, 2), (2, 3)),
    "runs apart, single values": Layer((5, 16, 1), 5, (3, 2), (1, 4), same=True),
    "dilated in frequency": Layer((6, 11, 2), 7, (2, 3), (1, 1), (1, 2), same=True),
    "dilated in both": Layer((9, 11, 1), 6, (3, 3), (1, 1), (2, 3), same=True),
    "every second position": Layer((6, 6, 32), 16, (1, 1), (2, 2)),
    "left shift": Layer((3, 3, 16), 36, real=3.7),
    "shifts of 0": Layer((3, 3, 4), 20, real=0.7, activation="RELU"),
    "signed halves": Layer((6, 6, 2), 40, real=0.26, bias=40),
    "large right shift": Layer((3, 3, 4), 16, real=3e-6, bias=2**24),
    "extreme weights": Layer((4, 4, 48), 16, weights="extreme"),
    "weights of -128": Layer((4, 4, 33), 17, weights="foreign"),
    "fully connected": Layer((2, 5, 30), 12, None, per_channel=False),
    "fully connected, one output": Layer((1, 5, 60), 1, None, per_channel=False),
    "fully connected, wide": Layer((1, 1, 130), 70, None),
}


def names(graph: Graph) -> set[str]:
    return set(layers.kernels(graph, CORE))


def test_convolutions():
    cases = [layer.case(seed) for layer in CONVOLUTIONS.values() for seed in (2, 3)]
    graph = together([renamed(c, f"{i} ") for i, c in enumerate(cases)]).graph
    assert names(graph) == {"nh_conv_mve_s8", "nh_conv_mve_direct_s8"}
    layers.check_on(BOARD, graph)


# x, kernel, stride, pads, dilation
DEPTHWISE = (
    ((25, 5, 20), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((4, 2, 3), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((4, 3, 3), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((3, 4, 33), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((5, 8, 16), (3, 3), (1, 1), (2, 1, 0, 2), (1, 1)),
    ((1, 6, 5), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1)),
    ((12, 12, 16), (3, 3), (2, 2), (0, 1, 0, 1), (1, 1)),
    ((9, 10, 24), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1)),
    ((9, 9, 40), (3, 3), (1, 2), (0, 0, 1, 1), (3, 1)),
    ((7, 3, 16), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((24, 1, 60), (10, 1), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((24, 1, 32), (5, 1), (2, 1), (2, 2, 0, 0), (1, 1)),
    ((8, 9, 17), (5, 5), (1, 1), (2, 2, 2, 2), (1, 1)),
    ((9, 9, 31), (2, 4), (2, 3), (1, 0, 2, 1), (2, 1)),
    ((3, 5, 80), (1, 5), (1, 1), (0, 0, 0, 0), (1, 1)),
    ((2, 2, 19), (3, 3), (1, 1), (2, 2, 2, 2), (2, 2)),
)


@pytest.mark.parametrize("far", (False, True))
def test_depthwise_convolutions(far):
    graphs = [bench(far)]
    for i, (x, kernel, stride, pads, dilation) in enumerate(DEPTHWISE):
        for activation in ("RELU", "NONE"):
            op = DepthwiseConv(stride, dilation, pads, activation)
            graphs.append(layers.depthwise(f"more {i} {activation}: ", op, x, kernel, i, far=far))
    graph = layers.beside(graphs)
    assert far or names(graph) >= {"nh_depthwise_mve_s8", "nh_depthwise_patch_s8", "nh_conv_mve_s8"}
    layers.check_on(BOARD, graph)


@pytest.mark.parametrize("shape", ((25, 5, 16), (12, 10, 8), (7, 6, 33)))
def test_depthwise_in_place(shape):
    graph = chain(shape, 3)
    made = plan(graph, target(CORE))
    scratch = 4 * (shape[1] + 2) * shape[2] + shape[1] * shape[2]
    assert made.arena_bytes <= int(np.prod(shape)) + scratch + 16
    layers.check_on(BOARD, graph)


def pointwise(channels: tuple[int, ...], frames: int) -> Graph:
    """1x1 convolutions one after the other."""
    cases = [Layer((frames, 3, i), o).case(i) for i, o in zip(channels, channels[1:], strict=False)]
    tensors: dict[str, Tensor] = {}
    nodes, last = [], "0 x"
    for i, case in enumerate(cases):
        graph = renamed(case, f"{i} ").graph
        (node,) = graph.nodes
        nodes.append(Node(node.op, (last, *node.inputs[1:]), node.outputs))
        tensors |= {n: t for n, t in graph.tensors.items() if i == 0 or n not in graph.inputs}
        last = node.outputs[0]
    return Graph(("0 x",), (last,), tuple(nodes), tensors)


def test_convolutions_in_place():
    graph = pointwise((40, 24, 24, 17, 5), 7)
    made = plan(graph, target(CORE))
    assert made.arena_bytes <= 40 * 21 + 8 * 24 + 48
    layers.check_on(BOARD, graph)


def pooled() -> list[Graph]:
    graphs = []
    for i, (x, size, stride, pads) in enumerate(
        (
            ((25, 5, 64), (25, 5), (1, 1), (0, 0, 0, 0)),
            ((7, 8, 19), (3, 2), (2, 2), (1, 1, 0, 1)),
            ((6, 6, 8), (2, 2), (2, 2), (0, 0, 0, 0)),
            ((15, 17, 16), (15, 17), (1, 1), (0, 0, 0, 0)),
        )
    ):
        for kind in (AveragePool, MaxPool):
            op = kind(stride=stride, pads=pads, size=size, activation=("NONE", "RELU6")[i % 2])
            mark = f"{kind.__name__} {i} "
            graphs.append(layers.applied(mark, op, Tensor(f"{mark}x", (1, *x), "int8", Q), [], Q))
    return graphs


def test_poolings():
    graph = layers.beside(pooled())
    assert names(graph) >= {"nh_average_pool_mve_s8", "nh_max_pool_mve_s8"}
    layers.check_on(BOARD, graph)


def test_two_operands():
    rng = np.random.default_rng(3)
    graphs = []
    for kind in (Add, Mul):
        for i, other in enumerate(((1, 3, 5, 7), (1, 1, 1, 7), (1, 3, 1, 1), (1, 3, 5, 1))):
            mark = f"{kind.__name__} {i} "
            x = Tensor(f"{mark}x", (1, 3, 5, 7), "int8", layers.quantization(rng, False))
            z = Tensor(f"{mark}z", other, "int8", layers.quantization(rng, False))
            op, q = kind(("NONE", "RELU")[i % 2]), Quantization.of(0.15, int(rng.integers(-128, 128)))
            y = Tensor(f"{mark}y", x.shape, "int8", q)
            node = Node(op, (x.name, z.name), (y.name,))
            graphs.append(Graph((x.name, z.name), (y.name,), (node,), {t.name: t for t in (x, z, y)}))
    graph = layers.beside(graphs)
    assert names(graph) == {"nh_add_linear_mve_s8", "nh_mul_mve_s8"}
    layers.check_on(BOARD, graph)


def test_rings_wrap_anywhere():
    graphs = [streams()]
    for i, (past, frames, layer) in enumerate(
        (
            (4, (1, 1, 60), Layer((5, 1, 60), 9, (5, 1))),
            (4, (2, 7, 1), Layer((6, 7, 1), 12, (5, 3), same=False)),
            (3, (1, 4, 3), Layer((4, 4, 3), 6, (2, 2), (1, 1), (3, 1))),
        )
    ):
        case = renamed(layer.case(i), f"ring {i}: ").graph
        op, constants = case.nodes[0].op, [case[n] for n in case.nodes[0].inputs[1:]]
        assert isinstance(op, Conv)
        graphs.append(layers.stream(f"ring {i}: ", op, past, frames, constants, Q))
    for i, (past, frames, kernel, dilation) in enumerate(
        ((20, (1, 1, 60), (21, 1), 1), (4, (2, 6, 40), (3, 3), 2), (2, (2, 5, 18), (3, 3), 1))
    ):
        op = DepthwiseConv(dilation=(dilation, 1), pads=(0, 0, 1, 1) if kernel[1] > 1 else (0, 0, 0, 0))
        plain = layers.depthwise(f"deep {i}: ", op, (past + frames[0], *frames[1:]), kernel, i)
        constants = [plain[n] for n in plain.nodes[0].inputs[1:]]
        graphs.append(layers.stream(f"deep {i}: ", op, past, frames, constants, Q))
    pools = AveragePool(size=(9, 1)), MaxPool(size=(9, 1))
    graphs += [layers.stream(f"pool {i}: ", op, 8, (1, 1, 24), [], Q) for i, op in enumerate(pools)]
    graph = layers.beside(graphs)
    assert len(plan(graph, target(CORE)).rings) == len(graph.states)
    layers.check_on(BOARD, graph, steps=25)
