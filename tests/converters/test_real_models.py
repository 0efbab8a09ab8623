"""Real files: the integer reference computes what TFLM computes, layer by layer and step by step."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import real_models
from real_models import MODELS, REFUSED, random_inputs

from converters.error import ConvertError
from converters.graph import Quantization
from converters.interpreters import Tflm
from converters.passes.external_states import external_states
from converters.read_tflite import parse, tensor_numbers
from converters.run import run_reference, run_steps

STEPS, RUNS = 40, 5
READABLE = [p for p in MODELS if p.stem not in REFUSED]
STREAMS = [p for p in real_models.BUNDLED if p.stem == "stream"]


@pytest.mark.parametrize("path", READABLE, ids=real_models.name)
def test_the_reference_is_tflm_step_by_step(path):
    content = path.read_bytes()
    graph = parse(content, path.name)
    judge = Tflm(content, len(graph.outputs))
    steps = list(random_inputs(graph, STEPS if graph.states else RUNS))
    for step, (wanted, inputs) in enumerate(zip(run_steps(graph, steps), steps, strict=True)):
        for a, b in zip(wanted, judge.run(inputs), strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"step {step}")


@pytest.mark.parametrize("path", READABLE, ids=real_models.name)
def test_every_layer_is_tflms(path):
    content = path.read_bytes()
    graph, numbers = parse(content, path.name), tensor_numbers(content)
    judge = Tflm(content, len(graph.outputs), keep=True)
    states = [s.initial for s in graph.states]
    for inputs in random_inputs(graph, 12 if graph.states else 1, seed=1):
        values = run_reference(graph, inputs, states)
        states = [values[s.write] for s in graph.states]
        judge.run(inputs)
        for name in (o for n in graph for o in n.outputs if o in numbers):
            found = judge.tensor(numbers[name]).reshape(graph[name].shape)
            np.testing.assert_array_equal(values[name], found, err_msg=name)


@pytest.mark.parametrize("path", [p for p in MODELS if p.stem in REFUSED], ids=real_models.name)
def test_what_cannot_be_read_is_named(path):
    with pytest.raises(ConvertError, match=f"{path.name}: .*{REFUSED[path.stem]}") as refusal:
        parse(path.read_bytes(), path.name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("path", STREAMS, ids=real_models.name)
def test_a_bundles_stream_keeps_its_own_states(path):
    content = path.read_bytes()
    stream = parse(content)
    graph, judge = external_states(stream), Tflm(content, len(stream.outputs))
    assert len(graph.states) == len(stream.inputs) - 1 > 0
    states = [np.full(s.initial.shape, stream[s.read].q.zero_point, np.int8) for s in graph.states]
    steps = list(random_inputs(graph, STEPS))
    for wanted, inputs in zip(run_steps(graph, steps), steps, strict=True):
        scores, *states = judge.run([*inputs, *states])
        np.testing.assert_array_equal(wanted[0], scores)


def test_states_that_do_not_pair_are_refused():
    stream = parse(STREAMS[0].read_bytes())
    with pytest.raises(ConvertError, match=r"states in and \d+ out"):
        external_states(dataclasses.replace(stream, outputs=stream.outputs[:-1]))
    swapped = (stream.outputs[0], *stream.outputs[:0:-1])
    with pytest.raises(ConvertError, match=r"state \S+: int8 .* in, \S+ of int8 .* out"):
        external_states(dataclasses.replace(stream, outputs=swapped))
    other = dataclasses.replace(stream[stream.inputs[1]], quantization=Quantization.of(0.5, 3))
    with pytest.raises(ConvertError, match="scale 0.5, zero point 3 in"):
        external_states(stream.with_(tensors=[other]))
