"""Poolings in C are their integer reference, bit for bit."""

from __future__ import annotations

import layers
import numpy as np
import pytest

from converters import fixed_point as fp
from converters.graph import Graph, Quantization, Tensor
from converters.ops.average_pool.op import RECIPROCAL_COUNT, AveragePool
from converters.ops.max_pool.op import MaxPool
from converters.plan import plan
from converters.target import target

# x, size, stride, pads
SHAPES = (
    ((25, 5, 64), (25, 5), (1, 1), (0, 0, 0, 0)),
    ((8, 8, 9), (8, 8), (1, 1), (0, 0, 0, 0)),
    ((7, 9, 6), (3, 2), (2, 1), (1, 1, 0, 1)),
    ((7, 9, 3), (3, 4), (1, 2), (1, 1, 1, 2)),
    ((20, 20, 4), (16, 16), (2, 4), (0, 0, 0, 0)),
    ((24, 20, 5), (20, 20), (4, 1), (0, 0, 0, 0)),
    ((22, 22, 4), (20, 20), (3, 3), (9, 10, 9, 10)),
    ((1, 1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
)


def bench() -> Graph:
    graphs = []
    for i, (x, size, stride, pads) in enumerate(SHAPES):
        for kind in (AveragePool, MaxPool):
            q = Quantization.of(0.05, 7 * i - 20)
            op = kind(stride, pads=pads, activation=("NONE", "RELU", "RELU6")[i % 3], size=size)
            mark = f"{kind.__name__} {i}: "
            graphs.append(layers.applied(mark, op, Tensor(f"{mark}x", (1, *x), "int8", q), [], q))
    return layers.beside(graphs)


def test_every_window_here(tmp_path):
    layers.check_here(bench(), tmp_path)


@pytest.mark.parametrize("board", layers.BOARDS)
def test_every_window_on_the_core(board):
    layers.check_on(board, bench())


def streams() -> Graph:
    q = Quantization.of(0.05, 3)
    cases = ((28, (1, 1, 8)), (24, (1, 1, 6)), (4, (2, 3, 5)))
    graphs = [
        layers.stream(f"{kind.__name__} {i}: ", kind(size=(past + frames[0], frames[1])), past, frames, [], q)
        for i, (past, frames) in enumerate(cases)
        for kind in (AveragePool, MaxPool)
    ]
    return layers.beside(graphs)


def test_rings_wrap_anywhere(tmp_path):
    graph = streams()
    assert len(plan(graph, target("host")).rings) == len(graph.states)
    layers.check_here(graph, tmp_path, steps=40)
    layers.check_on("mps2-an386", graph, steps=31)


def test_the_reciprocal_is_the_division_for_every_sum():
    for count in range(1, RECIPROCAL_COUNT + 1):
        sums = np.arange(0, 128 * count + 1)
        product = (sums + count // 2) * -(-(2**24) // count)
        assert product.max() < 2**32
        np.testing.assert_array_equal(product >> 24, fp.divide_round_away(sums, count))
