"""The step graph computes what the offline graph does, bit for bit, and refuses what it cannot."""

from __future__ import annotations

import networks
import numpy as np
import pytest
import torch.nn.functional as F
from torch import nn

from converters.check import padded_in_time, run_stream
from converters.emit.tflite import emit
from converters.error import ConvertError
from converters.graph import Graph
from converters.interpreters import LiteRt, Tflm
from converters.passes import simplify
from converters.passes.stream import state_bytes, stream, warmup_frames
from converters.quantize.ptq import post_training
from converters.read_tflite import parse
from converters.run import outputs
from converters.trace import trace
from training.models import build


def int8(net: nn.Module, frames: int) -> Graph:
    networks.settle(net)
    traced = simplify(trace(net, networks.BANDS, frames))
    return post_training(traced, networks.features(24, frames), networks.INPUT_SCALE)


def clip(frames: int) -> np.ndarray:
    """int8 [1, T, F, 1]"""
    return networks.features(1, frames, seed=7)[..., None]


DS_CNN = {"kind": "ds_cnn", "stem": 12, "stem_kernel": [5, 5], "head": 16, "time": "valid", "residual": True,
          "blocks": [[16, 3, 1, 2], [16, 3, 2, 1]]}  # fmt: skip


@pytest.mark.parametrize("step", [2, 4, 8])
@pytest.mark.parametrize(("frames", "make"), [(48, networks.Valid), (49, lambda: build(DS_CNN, 12, 40, 49)),
                                              (50, lambda: build(DS_CNN, 12, 40, 50))])  # fmt: skip
def test_equal_to_every_window_once_warm(frames, make, step):
    graph = int8(make(), frames)
    steps, frame_rows = stream(graph, step), clip(frames + 6 * step)
    rows = run_stream(steps, lambda x: outputs(steps, x), frame_rows)
    warm = warmup_frames(graph, step)
    ends = range(warm, len(rows) * step + 1, step)
    assert len(ends) >= 6
    for end in ends:
        window = frame_rows[:, end - frames : end]
        np.testing.assert_array_equal(rows[end // step - 1], outputs(graph, [window])[0])


@pytest.mark.parametrize(
    ("frames", "step", "make"),
    [
        (30, 1, networks.Mixed),
        (30, 3, networks.Mixed),
        (40, 2, lambda: build({"kind": "bc_resnet", "time": "causal", "width": 0.625}, 4, 40, 40)),
    ],
)
def test_a_causal_network_equals_the_window_after_a_reset(frames, step, make):
    graph = int8(make(), frames)
    assert padded_in_time(graph)
    steps, frame_rows = stream(graph, step), clip(frames)
    rows = run_stream(steps, lambda x: outputs(steps, x), frame_rows)
    np.testing.assert_array_equal(rows[-1], outputs(graph, [frame_rows])[0])


@pytest.mark.parametrize(("make", "frames", "step"), [(networks.Valid, 48, 2), (networks.Mixed, 30, 1)])
def test_interpreters_step_alike(make, frames, step):
    steps = stream(int8(make(), frames), step)
    content, rows = emit(steps), clip(frames)
    wanted = run_stream(steps, lambda x: outputs(steps, x), rows)
    tflm = run_stream(steps, Tflm(content, len(steps.outputs)).run, rows)
    np.testing.assert_array_equal(wanted, tflm)
    near = run_stream(steps, LiteRt(content).run, rows)
    assert np.abs(np.array(near).astype(int) - np.array(wanted)).max() <= 8


def test_operators_and_states_are_few():
    steps = stream(int8(networks.Valid(), 48), 2)
    # One concatenation and one cut a state; the residuals' crops and the window's SLICEs are gone.
    assert parse(emit(steps)).histogram() == {
        "ADD": 2, "AVERAGE_POOL_2D": 2, "CONCATENATION": 4, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 2,
        "FULLY_CONNECTED": 1, "PAD": 3, "SLICE": 4, "SOFTMAX": 1,
    }  # fmt: skip
    shapes = [steps[n].shape for n in steps.inputs]
    # 4 x 8 stem at stride 2: 6 old frames; then 2 and 4; 17 of 18 pooled frames, one value a channel.
    assert shapes == [(1, 2, 40, 1), (1, 6, 40, 1), (1, 2, 20, 12), (1, 4, 20, 12), (1, 14, 1, 12)]
    assert state_bytes(steps) == sum(int(np.prod(s)) for s in shapes[1:])
    assert [steps[n].shape for n in steps.outputs[1:]] == shapes[1:]
    assert all(steps[a].q == steps[b].q for a, b in zip(steps.inputs[1:], steps.outputs[1:], strict=True))


class TwoReaders(nn.Module):
    """Two convolutions of different length read the same frames."""

    def __init__(self):
        super().__init__()
        self.long = nn.Conv2d(1, 4, (40, 7))
        self.short = nn.Conv2d(1, 4, (40, 3))
        self.classifier = nn.Linear(4, 3)

    def forward(self, x):
        x = self.long(x).relu() + self.short(x[..., 4:]).relu()
        return self.classifier(x.mean((2, 3)))


@pytest.mark.parametrize("step", [1, 2, 5])
def test_readers_of_one_tensor_share_its_state(step):
    graph = int8(TwoReaders(), 20)
    steps = stream(graph, step)
    assert [steps[n].shape[1] for n in steps.inputs[1:]] == [6, 14 - step]
    frame_rows = clip(20 + 4 * step)
    rows = run_stream(steps, lambda x: outputs(steps, x), frame_rows)
    for end in range(warmup_frames(graph, step), len(rows) * step + 1, step):
        window = frame_rows[:, end - 20 : end]
        np.testing.assert_array_equal(rows[end // step - 1], outputs(graph, [window])[0])


class Gate(nn.Module):
    """Squeeze and excitation over the whole window: known only at its end."""

    def __init__(self):
        super().__init__()
        self.conv, self.classifier = nn.Conv2d(1, 4, (40, 3)), nn.Linear(4, 3)

    def forward(self, x):
        x = self.conv(x)
        return self.classifier((x * x.mean(3, keepdim=True).sigmoid()).mean((2, 3)))


class DropsNewest(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.classifier = nn.Conv2d(1, 4, (40, 3)), nn.Linear(4, 3)

    def forward(self, x):
        return self.classifier(self.conv(F.relu(x)[..., :-2]).mean((2, 3)))


@pytest.mark.parametrize(
    ("make", "frames", "step", "says"),
    [
        (networks.LookAhead, 20, 1, r"ahead: looks 1 frames ahead; pad"),
        (networks.Valid, 48, 3, r"stem: 3 frames a step .* stride 2; --step-frames must be a multiple of 2"),
        (networks.Valid, 48, 49, r"--step-frames 49: must be 1 to 48"),
        (Gate, 20, 1, r"whole window"),
        (DropsNewest, 20, 1, r"crop: drops the newest frames"),
    ],
)
def test_what_cannot_stream_is_refused_in_one_line(make, frames, step, says):
    graph = int8(make(), frames)
    with pytest.raises(ConvertError, match=says) as e:
        stream(graph, step)
    assert "\n" not in str(e.value)
