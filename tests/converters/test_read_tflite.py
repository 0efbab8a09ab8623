"""A .tflite from anywhere is read or refused in one line, never a traceback."""

from __future__ import annotations

import networks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.passes import simplify
from converters.quantize.ptq import post_training
from converters.read_tflite import parse, read_tflite, tensor_numbers
from converters.run import outputs
from converters.trace import trace

NET = networks.settle(networks.Valid(labels=3, channels=4))
GRAPH = post_training(simplify(trace(NET, 40, 48)), networks.features(8, 48), 1 / 32)
CONTENT = emit(GRAPH)


def read_or_refuse(content: bytes) -> None:
    try:
        graph = parse(content, "x.tflite")
    except ConvertError as e:
        assert str(e).startswith("x.tflite: ") and "\n" not in str(e) and len(str(e)) < 1300
    else:
        assert graph.nodes


def test_what_was_written_is_read():
    read = parse(CONTENT)
    assert emit(read) == CONTENT
    x = networks.features(1, 48)[..., None]
    np.testing.assert_array_equal(outputs(read, [x])[0], outputs(GRAPH, [x])[0])
    assert list(tensor_numbers(CONTENT).values()) == list(range(len(tensor_numbers(CONTENT))))


@pytest.mark.parametrize("size", [0, 3, 7, 8, 20, 100, len(CONTENT) // 2, len(CONTENT) - 300, len(CONTENT) - 4])
def test_a_cut_file_is_refused(size):
    with pytest.raises(ConvertError, match=r"x\.tflite: (not a TFLite file|damaged|.+)"):
        parse(CONTENT[:size], "x.tflite")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_never_raise_anything_else(changes):
    content = bytearray(CONTENT)
    for at, value in changes:
        content[at] = value
    read_or_refuse(bytes(content))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_refused(noise):
    read_or_refuse(noise)
    read_or_refuse(b"\x10\x00\x00\x00TFL3" + noise)


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(ConvertError, match=r"cannot be read \(No such file"):
        read_tflite(tmp_path / "no.tflite")
    with pytest.raises(ConvertError, match="cannot be read"):
        read_tflite(tmp_path)
