"""A board computes what the host and the judge compute, bit for bit."""

from __future__ import annotations

import numpy as np

from converters.measure.judge import draw, judge

INPUTS = 8


def test_it_is_the_model_that_is_meant(device, link):
    facts = link.info()
    stream = device.bundle.manifest.files["stream.tflite"]
    assert (facts["board"], facts["model"]) == (device.board.id, device.name)
    assert (facts["model_hash"], facts["frontend"]) == (stream.sha256, device.bundle.manifest.frontend.hash)
    assert facts["constants_ok"] == "1"


def test_front_end_frames_are_the_host_s(device, heard, result):
    expected = device.frames(device.recording)
    assert len(heard.features) == len(expected)
    for step, frames in zip(heard.features, expected, strict=True):
        assert step.frames == frames.tobytes(), f"samples up to {step.position}"
    result["frames"] = sum(map(len, expected))


def test_scores_of_a_recording_are_the_judge_s(device, heard, result):
    """All states of the network filled with real sound; the judge is fed the board's own frames."""
    graph = device.source.graph
    shapes = [graph[graph.inputs[0]].shape, graph[graph.outputs[0]].shape]
    steps = [[np.frombuffer(s.frames, np.int8).reshape(shapes[0])] for s in heard.features]
    answers = [[np.frombuffer(s.scores, np.int8).reshape(shapes[1])] for s in heard.features]
    verdict = judge(device.source, steps, answers)
    assert verdict.bit_exact, f"{verdict.judge}: {verdict.first}"
    result["scores"], result["judge"] = len(steps), verdict.judge


def test_outputs_for_any_input_are_the_judge_s(device, link, result):
    """Each from a new stream; values that no sound would give."""
    graph = device.source.graph
    output = graph[graph.outputs[0]]
    for step in draw(device.source.graph, INPUTS):
        answer = link.infer(b"".join(x.tobytes() for x in step))
        verdict = judge(device.source, [step], [[np.frombuffer(answer.raw, output.dtype).reshape(output.shape)]])
        assert verdict.bit_exact, f"{verdict.judge}: {verdict.first}"
    result["outputs"] = INPUTS
