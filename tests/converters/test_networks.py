"""Whole networks: torch -> float graph -> int8 -> file."""

from __future__ import annotations

import networks
import numpy as np
import pytest
import torch
from torch import nn

from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.interpreters import LiteRt, Tflm
from converters.native import compiled
from converters.passes import simplify
from converters.quantize.ptq import post_training
from converters.read_tflite import parse
from converters.run import outputs, run_float
from converters.trace import trace
from training.models import build

DS_CNN = {"kind": "ds_cnn", "stem": 16, "stem_kernel": [5, 5], "head": 24, "time": "valid", "residual": True,
          "blocks": [[24, 3, 1, 2], [24, 3, 2, 1], [24, 3, 4, 1]]}  # fmt: skip
MAKERS = {
    "mixed": lambda: (networks.Mixed(), 30),
    "valid": lambda: (networks.Valid(), 48),
    "ds_cnn": lambda: (build(DS_CNN, 12, 40, 49), 49),
    "bc_resnet": lambda: (build({"kind": "bc_resnet", "time": "causal"}, 12, 40, 50), 50),
    "bc_resnet_asc": lambda: (build({"kind": "bc_resnet_asc", "channels": 4, "eps": 0.02}, 5, 40, 32), 32),
    "bc_resnet_asc_relaxed": lambda: (
        build({"kind": "bc_resnet_asc", "channels": 4, "normalization": "relaxed", "deviation": "absolute"}, 5, 40, 32),
        32,
    ),
    "bc_resnet_same": lambda: (build({"kind": "bc_resnet", "width": 0.625}, 4, 40, 40), 40),
}
HISTOGRAMS = {
    "mixed": {"ADD": 3, "AVERAGE_POOL_2D": 3, "CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 1,
              "HARD_SWISH": 1, "LOGISTIC": 1, "MUL": 2, "PAD": 2, "SOFTMAX": 1},
    "valid": {"ADD": 2, "AVERAGE_POOL_2D": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 1, "PAD": 3,
              "SLICE": 2, "SOFTMAX": 1},
    "ds_cnn": {"ADD": 2, "AVERAGE_POOL_2D": 1, "CONV_2D": 5, "DEPTHWISE_CONV_2D": 4, "FULLY_CONNECTED": 1, "PAD": 4,
               "SLICE": 2, "SOFTMAX": 1},
    "bc_resnet": {"ADD": 32, "AVERAGE_POOL_2D": 13, "CONV_2D": 18, "DEPTHWISE_CONV_2D": 25, "FULLY_CONNECTED": 1,
                  "LOGISTIC": 12, "MUL": 24, "PAD": 16, "SOFTMAX": 1},
    "bc_resnet_asc": {"ADD": 33, "AVERAGE_POOL_2D": 11, "CONV_2D": 14, "DEPTHWISE_CONV_2D": 18, "FULLY_CONNECTED": 1,
                      "LOGISTIC": 9, "MAX_POOL_2D": 2, "MEAN": 10, "MUL": 33, "PAD": 1, "RSQRT": 5,
                      "SOFTMAX": 1, "SUB": 5},
}  # fmt: skip


@pytest.fixture(scope="module", params=MAKERS)
def case(request):
    """(name, network, float graph, int8 graph, features int8 [N, T, F])"""
    net, frames = MAKERS[request.param]()
    networks.settle(net)
    clips = networks.features(48, frames)
    graph = simplify(trace(net, networks.BANDS, frames))
    return request.param, net, graph, post_training(graph, clips, networks.INPUT_SCALE), clips


def torch_input(clips):
    return torch.tensor(clips.astype(np.float32) * networks.INPUT_SCALE).permute(0, 2, 1)[:, None]


def test_float_graph_is_the_network(case):
    _, net, graph, _, clips = case
    x = torch_input(clips[:8])
    constants = {t.name: torch.tensor(t.data) for t in graph.tensors.values() if t.is_constant}
    with torch.no_grad():
        found = run_float(graph, x.permute(0, 3, 2, 1), constants)[graph.outputs[0]]
        torch.testing.assert_close(found, net(x).softmax(-1), atol=2e-6, rtol=1e-4)


def test_integers_are_tflm_bit_for_bit(case):
    _, _, _, graph, clips = case
    judge = Tflm(emit(graph), 1)
    for clip in clips[:6]:
        x = clip[None, ..., None]
        np.testing.assert_array_equal(outputs(graph, [x])[0], judge.run([x])[0])


def test_extreme_inputs_are_tflm_bit_for_bit(case):
    _, _, _, graph, clips = case
    judge = Tflm(emit(graph), 1)
    for fill in (-128, 0, 127):
        x = np.full((1, *clips.shape[1:], 1), fill, np.int8)
        np.testing.assert_array_equal(outputs(graph, [x])[0], judge.run([x])[0])


def test_int8_keeps_the_answers(case):
    _, net, _, graph, clips = case
    with torch.no_grad():
        wanted = net(torch_input(clips)).softmax(-1).numpy()
    found = np.stack([outputs(graph, [c[None, ..., None]])[0][0] for c in clips]).astype(int) + 128
    assert np.abs(found / 256 - wanted).max() < 0.05
    best = np.sort(wanted, -1)
    clear = best[:, -1] - best[:, -2] > 0.02  # nearer ones are lost in 1/256
    assert (found.argmax(-1) == wanted.argmax(-1))[clear].all()


def test_no_operator_that_the_network_does_not_have(case):
    name, _, _, graph, _ = case
    found = parse(emit(graph)).histogram()
    assert found == HISTOGRAMS.get(name, found)
    unwanted = {"TRANSPOSE", "RESHAPE", "QUANTIZE", "MEAN", "RELU", "CONCATENATION"}
    unwanted -= {"MEAN"} if "RSQRT" in found else set()  # over channels and time, no pooling can
    assert not unwanted & set(found)


def test_the_file_is_little_more_than_its_weights(case):
    _, _, _, graph, _ = case
    content = emit(graph)
    tensors = len(parse(content).tensors)
    channels = sum(t.shape[0] for t in graph.tensors.values() if t.dtype == "int32")
    assert len(content) < graph.parameters() + 12 * channels + 200 * tensors


def test_shapes_and_scales_are_the_contract(case):
    _, net, _, graph, clips = case
    read = parse(emit(graph))
    x, y = read[read.inputs[0]], read[read.outputs[0]]
    assert x.shape == (1, *clips.shape[1:], 1) and (x.q.scale, x.q.zero_point) == (1 / 32, 0)
    assert len(y.shape) == 2 and (y.q.scale, y.q.zero_point) == (1 / 256, -128)


def test_litert_is_near(case):
    _, _, _, graph, clips = case
    judge = LiteRt(emit(graph))
    for clip in clips[:6]:
        x = clip[None, ..., None]
        off = np.abs(judge.run([x])[0].astype(int) - outputs(graph, [x])[0])
        assert off.max() <= 8


class Flat(nn.Module):
    """Flattens what is left of channels, frequency and time: the Linear's columns are in torch's order."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, stride=2)
        self.linear = nn.Linear(3 * 19 * 9, 4)

    def forward(self, x):
        return self.linear(self.conv(x).relu().flatten(1)).softmax(-1)


def test_a_linear_over_frames_needs_no_transposing():
    net = networks.settle(Flat())
    clips = networks.features(32, 20)
    graph = post_training(simplify(trace(net, 40, 20)), clips, networks.INPUT_SCALE)
    assert graph.histogram() == {"CONV_2D": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1}
    with torch.no_grad():
        wanted = net(torch_input(clips)).numpy()
    found = np.stack([outputs(graph, [c[None, ..., None]])[0][0] for c in clips]).astype(int) + 128
    assert np.abs(found / 256 - wanted).max() < 0.1


class Refused(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.layer = what

    def forward(self, x):
        return self.layer(x).flatten(1).mean(1, keepdim=True)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (nn.GELU(), "aten.gelu"),
        (nn.Hardtanh(-1, 1), "clamps to"),
        (nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular"), "layer"),
        (nn.AvgPool2d(3, padding=1), "padding"),
    ],
)
def test_a_layer_without_an_int8_operator_is_named(layer, says):
    with pytest.raises(ConvertError, match=says) as e:
        trace(Refused(layer), 40, 20)
    assert "layer" in str(e.value) and "\n" not in str(e.value)


def test_calibration_of_another_shape_is_refused():
    graph = simplify(trace(networks.settle(networks.Valid()), 40, 48))
    with pytest.raises(ConvertError, match=r"takes \[N, 48, 40\]"):
        post_training(graph, networks.features(4, 47), 1 / 32)


def test_compiled_c_normalizes_by_instance_as_the_graph_does(tmp_path):
    net = networks.settle(build({"kind": "bc_resnet_asc", "channels": 4, "eps": 0.02}, 5, 40, 32))
    clips = networks.features(16, 32)
    graph = post_training(simplify(trace(net, 40, 32)), clips, networks.INPUT_SCALE)
    library = compiled(graph, tmp_path)
    for clip in clips[:6]:
        window = [clip[None, ..., None]]
        np.testing.assert_array_equal(library.run(window)[0], outputs(graph, window)[0])
