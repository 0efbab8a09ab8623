"""What cannot be compiled is refused by name: the layer, the number, the remedy. What interpreters shrug off is
read as they read it."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import op_cases
import pytest
from ai_edge_litert import schema_py_generated as schema
from mutate import OPERATORS, TYPES, changed, of_kind, pack, renamed_kind, unpack
from real_models import BUNDLED, random_inputs

from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.graph import Graph, Node, Quantization, Tensor
from converters.interpreters import Tflm
from converters.ops.conv.op import Conv
from converters.read_tflite import parse
from converters.run import outputs

PATH = next(p for p in BUNDLED if p.parent.name == "wake_alexa" and p.stem == "model")
CONTENT = PATH.read_bytes()
Change = Callable[[Any], None]


def refusal(change: Change) -> str:
    with pytest.raises(ConvertError) as e:
        parse(changed(CONTENT, change), "x.tflite")
    assert str(e.value).startswith("x.tflite: ") and "\n" not in str(e.value)
    return str(e.value)


def require_same_as_tflm(content: bytes) -> None:
    graph = parse(content)
    for inputs in random_inputs(graph, 2):
        found = Tflm(content, len(graph.outputs)).run(inputs)
        for a, b in zip(outputs(graph, inputs), found, strict=True):
            np.testing.assert_array_equal(a, b)


def tensor(model: Any, operator: Any, position: int) -> Any:
    return model.subgraphs[0].tensors[operator.inputs[position]]


def test_all_missing_operators_are_named_at_once_with_their_layers():
    def change(m: Any) -> None:
        renamed_kind(m, OPERATORS.SOFTMAX, OPERATORS.CUMSUM)
        renamed_kind(m, OPERATORS.ADD, OPERATORS.CUSTOM, b"MyAdd")
        renamed_kind(m, OPERATORS.PAD, 999)
        m.subgraphs[0].tensors[of_kind(m, OPERATORS.CUMSUM)[0].inputs[0]].type = TYPES.FLOAT32  # not looked at yet

    message = refusal(change)
    assert "3 operators are not supported" in message
    assert "CUMSUM: scores (operator" in message and "CUSTOM MyAdd: " in message and "number 999: " in message


def test_many_layers_of_a_kind_are_counted():
    message = refusal(lambda m: renamed_kind(m, OPERATORS.CONV_2D, OPERATORS.CONV_3D))
    assert "1 operator is not supported: CONV_3D: " in message
    assert f"and {len(of_kind(unpack(CONTENT), OPERATORS.CONV_2D)) - 4} more" in message


def test_a_float_model_is_told_to_be_quantized():
    def change(m: Any) -> None:
        for t in m.subgraphs[0].tensors:
            if m.buffers[t.buffer].data is None:
                t.type, t.quantization = TYPES.FLOAT32, None

    assert "a dynamic-range model: int8 weights" in refusal(change)
    assert "convert to int8 first" in refusal(change)


def test_one_float_layer_is_named():
    def change(m: Any) -> None:
        (softmax,) = of_kind(m, OPERATORS.SOFTMAX)
        m.subgraphs[0].tensors[softmax.outputs[0]].type = TYPES.FLOAT32

    assert "SOFTMAX at scores (operator" in refusal(change)


def set_on_input(**fields: Any) -> Change:
    def change(m: Any) -> None:
        t = m.subgraphs[0].tensors[m.subgraphs[0].inputs[0]]
        for name, value in fields.items():
            setattr(t, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_on_input(quantization=None), "features: int8 without a scale and zero point"),
        (set_on_input(shape=[1, 0, 40, 1]), r"features: its shape \[1, 0, 40, 1\] is unknown or empty"),
        (set_on_input(shape=[1, -1, 40, 1]), r"features: its shape \[1, -1, 40, 1\] is unknown or empty"),
        (set_on_input(shape=[1, 1, 40, 1], shapeSignature=[1, -1, 40, 1]), "axis of unknown length"),
        (set_on_input(shape=[2, 119, 40, 1]), "batch of 2|shape"),
        (set_on_input(shape=[1] * 9), "9 axes, more than 8"),
        (set_on_input(shape=[1, 1 << 15, 1 << 15, 1]), "bytes, more than"),
        (set_on_input(type=TYPES.INT16), "where values only move"),
        (set_on_input(type=TYPES.UINT8), "where values only move|zero point outside"),
        (set_on_input(type=TYPES.INT4), "INT4 values: not supported"),
        (set_on_input(type=TYPES.STRING), "STRING values: not supported"),
        (set_on_input(isVariable=True), "reads the variable tensor features, which this operator does not own"),
        (set_on_input(externalBuffer=3), "data in another file"),
    ],
    ids=str,
)
def test_an_input_that_cannot_be(change, message):
    with pytest.raises(ConvertError, match=message):
        parse(changed(CONTENT, change))


def on_weights(**fields: Any) -> Change:
    def change(m: Any) -> None:
        weights = tensor(m, of_kind(m, OPERATORS.CONV_2D)[2], 1)
        for name, value in fields.items():
            setattr(weights if hasattr(weights, name) else weights.quantization, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (on_weights(sparsity=schema.SparsityParametersT()), "sparse values; store them densely"),
        (on_weights(scale=[0.1, 0.2]), "2 zero points|zero points for 2 scales"),
        (on_weights(scale=[0.1, 0.2, 0.3], zeroPoint=[0]), "3 scales for the shape"),
        (on_weights(scale=[float("nan")], zeroPoint=[0]), "a scale that is not positive"),
        (on_weights(scale=[-0.5], zeroPoint=[0]), "a scale that is not positive"),
        (on_weights(zeroPoint=[1 << 40], scale=[0.1]), "a zero point outside -128..127"),
        (on_weights(buffer=10_000), "buffer 10000 of"),
        (on_weights(buffer=0), "40 scales, yet no constant"),
        (on_weights(shape=[1, 2, 3, 4]), "bytes of data where 24 belong"),
    ],
    ids=str,
)
def test_weights_that_cannot_be(change, message):
    with pytest.raises(ConvertError, match=message):
        parse(changed(CONTENT, change))


def test_a_cycle_is_a_read_before_anything_computes():
    def change(m: Any) -> None:
        first, *_, last = of_kind(m, OPERATORS.CONV_2D)
        first.inputs[0] = last.outputs[0]

    assert "before anything computes it" in refusal(change)


def test_a_tensor_computed_twice_is_refused():
    def change(m: Any) -> None:
        first, *_, last = of_kind(m, OPERATORS.CONV_2D)
        last.outputs[0] = first.outputs[0]

    assert "computed twice" in refusal(change)


def test_indices_beyond_the_tensors_are_refused():
    def far(m: Any) -> None:
        of_kind(m, OPERATORS.CONV_2D)[0].inputs[1] = 5000

    def code(m: Any) -> None:
        of_kind(m, OPERATORS.CONV_2D)[0].opcodeIndex = 77

    assert "tensor 5000 of" in refusal(far)
    assert "operator code 77 of" in refusal(code)


def test_options_of_another_operator_are_refused():
    def change(m: Any) -> None:
        of_kind(m, OPERATORS.CONV_2D)[0].builtinOptions = schema.SoftmaxOptionsT()
        of_kind(m, OPERATORS.CONV_2D)[0].builtinOptionsType = schema.BuiltinOptions.SoftmaxOptions

    assert "where Conv2DOptions belong" in refusal(change)


def test_a_buffer_behind_the_flatbuffer_is_refused():
    def change(m: Any) -> None:
        buffer = m.buffers[tensor(m, of_kind(m, OPERATORS.CONV_2D)[0], 1).buffer]
        buffer.data, buffer.offset, buffer.size = None, 1 << 33, 100

    assert "data after the end of the flatbuffer" in refusal(change)


def test_scales_beyond_32_bits_are_refused():
    def change(m: Any) -> None:
        m.subgraphs[0].tensors[of_kind(m, OPERATORS.CONV_2D)[3].outputs[0]].quantization.scale = [1e-9]

    assert "beyond 32-bit arithmetic" in refusal(change)


def test_a_window_wider_than_twice_its_input_is_refused():
    def change(m: Any) -> None:
        of_kind(m, OPERATORS.AVERAGE_POOL_2D)[0].builtinOptions.filterHeight = 1 << 20

    said = refusal(change)
    assert "a window with stride" in said and "(a window is at most twice as wide)" in said


def test_two_signatures_are_refused():
    assert "2 subgraphs, of which number 1" in refusal(lambda m: m.subgraphs.append(m.subgraphs[0]))


def test_an_input_left_out_in_the_middle_is_refused():
    def change(m: Any) -> None:
        of_kind(m, OPERATORS.CONV_2D)[0].inputs[1] = -1

    assert "(CONV_2D): without input 1" in refusal(change)


def test_the_axis_of_scales_is_the_operators_whatever_the_file_says():
    def change(m: Any) -> None:
        for o in of_kind(m, OPERATORS.CONV_2D, OPERATORS.DEPTHWISE_CONV_2D, OPERATORS.FULLY_CONNECTED):
            tensor(m, o, 1).quantization.quantizedDimension = 7

    wanted, found = parse(CONTENT), parse(changed(CONTENT, change))
    for a, b in zip(wanted, found, strict=True):
        assert [t.quantization for t in wanted.args(a)] == [t.quantization for t in found.args(b)]


def test_one_scale_has_no_axis_whatever_the_file_says():
    def change(m: Any) -> None:
        for o in of_kind(m, OPERATORS.FULLY_CONNECTED):
            tensor(m, o, 1).quantization.quantizedDimension = 7

    require_same_as_tflm(changed(CONTENT, change))


def test_weights_may_be_shared_between_layers():
    d = op_cases.Draw(1)
    weights, bias = d.weights((5, 1, 1, 5), 0, 5), d.bias(5)
    tensors = [Tensor(n, (1, 4, 3, 5), "int8", Quantization.of(0.1, -3)) for n in "xyz"]
    nodes = [Node(Conv(), (a, "w", "b"), (b,)) for a, b in ("xy", "yz")]
    graph = Graph(("x",), ("z",), tuple(nodes), {t.name: t for t in (*tensors, weights, bias)})
    content = emit(graph)
    require_same_as_tflm(content)
    assert len({n.inputs[1] for n in parse(content)}) == 1


def test_a_batch_that_is_one_may_be_unknown_and_names_may_be_odd():
    def change(m: Any) -> None:
        for t in m.subgraphs[0].tensors:
            if t.shape is not None and len(t.shape):
                t.shapeSignature = [-1, *t.shape[1:]]
            t.name = b"same\n*/ \xff name"

    content = changed(CONTENT, change)
    require_same_as_tflm(content)
    assert all(name.isprintable() for name in parse(content).tensors)


def test_zero_points_may_be_said_once_for_all_channels():
    def change(m: Any) -> None:
        for o in of_kind(m, OPERATORS.CONV_2D):
            tensor(m, o, 1).quantization.zeroPoint = [0]

    require_same_as_tflm(changed(CONTENT, change))


def test_an_input_may_be_unused():
    def change(m: Any) -> None:
        g, t = m.subgraphs[0], schema.TensorT()
        t.shape, t.type, t.name, t.buffer = [1, 4], TYPES.INT8, b"spare", 0
        t.quantization = g.tensors[g.inputs[0]].quantization
        g.tensors.append(t)
        g.inputs = [*g.inputs, len(g.tensors) - 1]

    require_same_as_tflm(changed(CONTENT, change))


def test_huge_claims_end_at_once():
    """Every number of 4 bytes in turn claims the most: a count, an offset, a size."""
    content = bytearray(pack(unpack(CONTENT)))
    longest = 0.0
    for at in range(8, min(len(content), 5000), 8):
        old = content[at : at + 4]
        for claim in (0xFFFFFFFF, 0x00FFFFFF):
            content[at : at + 4] = struct.pack("<I", claim)
            start = time.perf_counter()
            try:
                parse(bytes(content))
            except ConvertError as e:
                assert "\n" not in str(e)
            longest = max(longest, time.perf_counter() - start)
        content[at : at + 4] = old
    assert longest < 2


def test_an_axis_of_none_does_not_hide_the_others():
    def change(m: Any) -> None:
        t = m.subgraphs[0].tensors[of_kind(m, OPERATORS.FULLY_CONNECTED)[0].inputs[1]]
        t.shape, t.buffer = [1 << 30, 0], 0

    assert "nothing in a shape of [1073741824, 0]" in refusal(change)


def test_a_vector_claimed_over_and_over_ends_at_once():
    def change(m: Any) -> None:
        g = m.subgraphs[0]
        g.operators = g.operators * (4900 // len(g.operators))

    start = time.perf_counter()
    assert "computed twice" in refusal(change)
    assert time.perf_counter() - start < 10  # mostly the packing
