"""LiteRT on hand-written graphs: the step graph equals the offline one, bad files are one line."""

import numpy as np
import pytest
import tiny_model
from ai_edge_litert.interpreter import Interpreter

from edge.runtime import ModelFileError
from edge.runtime.litert import LiteRtModel, LiteRtStream

RNG = np.random.default_rng(7)


@pytest.fixture
def stream_path(tmp_path):
    return tiny_model.loudness_stream(tmp_path / "stream.tflite")


def frames(n, bands=40):
    return RNG.integers(-60, 60, (n, bands)).astype(np.int8)


@pytest.mark.parametrize("reference", [False, True])
def test_the_stream_equals_the_offline_graph_once_warm(tmp_path, stream_path, reference):
    model = LiteRtModel(tiny_model.loudness_model(tmp_path / "model.tflite"), reference=reference)
    stream = LiteRtStream(stream_path, reference=reference)
    x = frames(60)
    steps = [stream.step(x[i : i + 3]) for i in range(0, 60, 3)]
    for i, scores in enumerate(steps[3:]):
        np.testing.assert_array_equal(scores, model.run(x[3 * i : 3 * i + 12]))


def test_states_move_as_with_set_tensor_and_get_tensor(tmp_path):
    path = tiny_model.realistic_stream(tmp_path / "stream.tflite")
    stream = LiteRtStream(path)
    for _ in range(2):  # twice: reset brings the zero points back
        expected = plain_steps(path, x := frames(90))
        np.testing.assert_array_equal([stream.step(x[i : i + 3]) for i in range(0, 90, 3)], expected)
        stream.reset()


def plain_steps(path, x):
    """The documented calls only, with copies."""
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    for d in inputs[1:]:
        interpreter.set_tensor(d["index"], np.full(d["shape"], d["quantization"][1], np.int8))
    scores = []
    for i in range(0, len(x), 3):
        interpreter.set_tensor(inputs[0]["index"], x[i : i + 3][None, :, :, None])
        interpreter.invoke()
        for before, after in zip(inputs[1:], outputs[1:], strict=True):
            interpreter.set_tensor(before["index"], interpreter.get_tensor(after["index"]))
        scores.append(interpreter.get_tensor(outputs[0]["index"])[0])
    return np.array(scores)


def test_sizes_are_the_graphs(stream_path):
    stream = LiteRtStream(stream_path)
    assert (stream.step_frames, stream.bands, stream.labels, stream.state_bytes) == (3, 40, 2, 360)


def test_scores_are_a_copy(stream_path):
    stream = LiteRtStream(stream_path)
    first = stream.step(np.full((3, 40), -100, np.int8))
    kept = first.copy()
    stream.step(np.full((3, 40), 100, np.int8))
    np.testing.assert_array_equal(first, kept)


def test_wrong_frames_are_refused(stream_path):
    stream = LiteRtStream(stream_path)
    with pytest.raises(ValueError, match="a step is 3 frames of 40 bands"):
        stream.step(frames(2))
    with pytest.raises(ValueError, match="int16"):
        stream.step(frames(3).astype(np.int16))


@pytest.mark.parametrize("kept", [0, 3, 7, 8, 100, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_one_line(stream_path, kept):
    content = stream_path.read_bytes()
    stream_path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ModelFileError) as e:
        LiteRtStream(stream_path)
    assert str(stream_path) in str(e.value) and "\n" not in str(e.value)


def test_a_missing_or_foreign_file_is_one_line(tmp_path):
    (tmp_path / "x.tflite").write_bytes(b"RIFF....WAVEfmt ")
    for name, says in [("none.tflite", "cannot be read"), ("x.tflite", "not a .tflite")]:
        with pytest.raises(ModelFileError, match=says):
            LiteRtStream(tmp_path / name)


def test_an_offline_graph_is_no_step_graph_and_the_reverse(tmp_path, stream_path):
    with pytest.raises(ModelFileError, match="no step graph"):
        LiteRtStream(tiny_model.loudness_model(tmp_path / "model.tflite"))
    with pytest.raises(ModelFileError, match="2 inputs where 1"):
        LiteRtModel(stream_path)
