"""Stand-ins have the shapes of the models that they stand for, and numbers that a real one could have."""

from __future__ import annotations

import numpy as np
import pytest

from converters.error import ConvertError
from converters.interpreters import Tflm
from converters.measure.anchors import anchors
from converters.measure.judge import draw
from converters.measure.standin import STAND_INS, open_standin
from converters.run import run_reference, run_steps


@pytest.mark.parametrize("name", STAND_INS)
def test_a_stand_in_is_a_file_with_the_anchor_s_work(name):
    source = open_standin(name)
    assert source.graph.macs() == pytest.approx(anchors().model(name).macs, rel=0.005)
    assert bool(source.graph.states) == anchors().model(name).streaming
    assert open_standin(name).content == source.content


@pytest.mark.parametrize("name", STAND_INS)
def test_activations_neither_saturate_nor_vanish(name):
    graph = open_standin(name).graph
    values = run_reference(graph, draw(graph, 1)[0], [draw_state(graph, s.read) for s in graph.states])
    for node in graph:
        q = values[node.name]
        assert q.size < 8 or ((q == 127).mean() < 0.25 and q.std() > 4), node.name


def draw_state(graph, name):
    """A stream's state in the middle of it: anything above the zero point."""
    t = graph[name]
    return np.random.default_rng(1).integers(t.q.zero_point, 127, t.shape, endpoint=True).astype(np.int8)


@pytest.mark.skipif(not Tflm.available(), reason="tflite-micro is not installed")
@pytest.mark.parametrize("name", STAND_INS)
def test_tflm_computes_the_same(name):
    source = open_standin(name)
    judge = Tflm(source.content, 1)
    steps = draw(source.graph, 3)
    for inputs, right in zip(steps, run_steps(source.graph, steps), strict=True):
        np.testing.assert_array_equal(judge.run(inputs)[0], right[0])


def test_an_unknown_stand_in_lists_those_that_there_are():
    with pytest.raises(ConvertError, match="no stand-in 'resnet'; there are vww_96"):
        open_standin("resnet")
