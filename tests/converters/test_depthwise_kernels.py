"""Depthwise convolutions in C are their integer reference, bit for bit: every variant, shape, place and ring."""

from __future__ import annotations

import layers
import numpy as np
import pytest

from converters.graph import Graph, Node, Quantization, Tensor
from converters.ops.depthwise_conv.op import DepthwiseConv
from converters.plan import plan
from converters.target import target

ACTIVATIONS = ("RELU", "NONE", "RELU6", "RELU_N1_TO_1")
# x, kernel, stride, pads, dilation, filters
SHAPES = (
    ((25, 5, 8), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((5, 25, 4), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((9, 11, 7), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((12, 12, 8), (3, 3), (2, 2), (0, 1, 0, 1), (1, 1), 1),
    ((11, 13, 4), (3, 3), (2, 2), (1, 1, 1, 1), (1, 1), 1),
    ((4, 22, 8), (3, 3), (1, 2), (0, 0, 0, 0), (1, 1), 1),
    ((22, 6, 8), (3, 3), (2, 1), (0, 0, 2, 2), (1, 1), 1),
    ((30, 40, 4), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((40, 30, 4), (3, 3), (1, 1), (2, 0, 1, 1), (1, 1), 1),
    ((40, 61, 4), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((7, 70, 5), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((40, 40, 4), (3, 3), (2, 2), (0, 1, 0, 1), (1, 1), 1),
    ((60, 12, 4), (3, 3), (3, 1), (0, 0, 1, 1), (1, 1), 1),
    ((3, 3, 8), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((2, 2, 4), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
    ((3, 3, 5), (3, 3), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((6, 7, 8), (3, 3), (1, 1), (0, 0, 1, 1), (2, 1), 1),
    ((9, 9, 5), (3, 3), (1, 1), (2, 2, 2, 2), (2, 2), 1),
    ((28, 1, 8), (5, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((15, 1, 6), (15, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((21, 1, 4), (21, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((2, 5, 9), (1, 5), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((8, 8, 3), (5, 5), (1, 1), (2, 2, 2, 2), (1, 1), 1),
    ((9, 8, 6), (4, 2), (2, 3), (1, 2, 0, 1), (1, 1), 1),
    ((5, 6, 1), (1, 1), (1, 1), (0, 0, 0, 0), (1, 1), 1),
    ((6, 5, 3), (3, 2), (1, 1), (1, 1, 0, 1), (1, 1), 4),
    ((20, 16, 1), (10, 8), (2, 2), (4, 5, 3, 3), (1, 1), 8),
    ((13, 17, 1), (3, 5), (1, 2), (1, 1, 2, 2), (1, 1), 3),
    ((12, 9, 1), (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 5),
)


def bench(far: bool) -> Graph:
    graphs = []
    for i, (x, kernel, stride, pads, dilation, filters) in enumerate(SHAPES):
        op = DepthwiseConv(stride, dilation, pads, ACTIVATIONS[i % 4])
        graphs.append(layers.depthwise(f"layer {i}: ", op, x, kernel, i, filters, far))
    return layers.beside(graphs)


@pytest.mark.parametrize("far", (False, True))
def test_every_shape_here(far, tmp_path):
    layers.check_here(bench(far), tmp_path)


@pytest.mark.parametrize("far", (False, True))
@pytest.mark.parametrize("board", layers.BOARDS)
def test_every_shape_on_the_core(board, far):
    layers.check_on(board, bench(far))


def test_a_dsp_core_gets_the_kernel_of_the_shape():
    wanted = {
        ((25, 5, 64), (3, 3), (1, 1)): "nh_depthwise_pairs_1",
        ((24, 24, 32), (3, 3), (2, 2)): "nh_depthwise_pairs_2",
        ((21, 1, 60), (21, 1), (1, 1)): "nh_depthwise_words",
        ((6, 7, 48), (3, 3), (1, 1)): "nh_depthwise_",
        ((49, 40, 1), (10, 8), (2, 2)): "nh_depthwise_bank",
    }
    for (x, kernel, stride), name in wanted.items():
        graph = layers.depthwise("", DepthwiseConv(stride, activation="RELU"), x, kernel, 1, 8 if x[2] == 1 else 1)
        (found,) = layers.kernels(graph, "cortex-m4")
        assert found.startswith(name), (x, found)


def chain(x: tuple[int, int, int], count: int) -> Graph:
    """Convolutions one after the other, of one size."""
    op = DepthwiseConv(pads=(1, 1, 1, 1), activation="RELU")
    graph = layers.depthwise("0: ", op, x, (3, 3), 0)
    nodes, tensors, last = list(graph.nodes), dict(graph.tensors), graph.outputs[0]
    for i in range(1, count):
        more = layers.depthwise(f"{i}: ", op, x, (3, 3), i)
        (node,) = more.nodes
        nodes.append(Node(node.op, (last, *node.inputs[1:]), node.outputs))
        tensors |= {n: t for n, t in more.tensors.items() if n not in more.inputs}
        last = node.outputs[0]
    return Graph(graph.inputs, (last,), tuple(nodes), tensors)


@pytest.mark.parametrize("shape", ((25, 5, 16), (24, 20, 8), (30, 40, 4), (6, 6, 16), (9, 9, 10)))
def test_it_runs_in_place(shape, tmp_path):
    graph = chain(shape, 3)
    size = int(np.prod(shape))
    for core in ("host", "cortex-m3", "cortex-m4"):
        made = plan(graph, target(core))
        assert {made.offsets[t] for t in made.offsets} == {made.offsets[graph.inputs[0]]}
        # No more than input and output beside each other, but for the small.
        assert made.arena_bytes <= max(2 * size + 1200, size + 5200)
    layers.check_here(graph, tmp_path)
    layers.check_on("mps2-an386", graph)


def streams() -> Graph:
    graphs = []
    cases = (
        (2, (1, 1, 8), (3, 1), 1),
        (4, (1, 1, 30), (5, 1), 1),
        (8, (1, 1, 9), (9, 1), 1),
        (2, (2, 7, 12), (3, 3), 1),
        (4, (2, 6, 8), (3, 3), 2),
        (8, (2, 6, 5), (3, 3), 4),
        (4, (3, 5, 3), (5, 3), 1),
    )
    for i, (past, frames, kernel, dilation) in enumerate(cases):
        op = DepthwiseConv((1, 1 + i % 2 * (frames[1] > 1)), (dilation, 1), activation=ACTIVATIONS[i % 2])
        plain = layers.depthwise(f"stream {i}: ", op, (past + frames[0], *frames[1:]), kernel, i)
        w, b = (plain[n] for n in plain.nodes[0].inputs[1:])
        graphs.append(layers.stream(f"stream {i}: ", op, past, frames, [w, b], Quantization.of(0.05, -7)))
    return layers.beside(graphs)


def test_rings_wrap_anywhere_here(tmp_path):
    graph = streams()
    assert len(plan(graph, target("host")).rings) == len(graph.states)
    layers.check_here(graph, tmp_path, steps=24)


@pytest.mark.parametrize("board", layers.BOARDS)
def test_rings_wrap_anywhere_on_the_core(board):
    layers.check_on(board, streams(), steps=13)


def test_a_channel_whose_output_never_changes(tmp_path):
    """Multipliers of 0, and so small that the right shift leaves int32."""
    x = Tensor("x", (1, 6, 6, 4), "int8", Quantization.of(1e-6, 3))
    scales = tuple(float(np.float32(s)) for s in (1e-30, 1e-6, 1e-3, 1e-38))
    w = Tensor.constant("w", np.full((1, 3, 3, 4), 127, np.int8), Quantization(scales, (0,) * 4, 3))
    op = DepthwiseConv(pads=(1, 1, 1, 1))
    b = Tensor.constant("b", np.array([5, -5, 100, 0], np.int32))
    graph = layers.applied("", op, x, [w, b], Quantization.of(0.5, 11))
    layers.check_here(graph, tmp_path)
    layers.check_on("mps2-an386", graph)
