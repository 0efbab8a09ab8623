"""Fake quantization is the int8 graph: before and after fine-tuning."""

from __future__ import annotations

import networks
import numpy as np
import pytest
import torch

from converters.emit.tflite import emit
from converters.interpreters import Tflm
from converters.passes import simplify
from converters.quantize.distil import distil
from converters.quantize.observe import affine, best_range, observe
from converters.quantize.qat import QatNetwork
from converters.quantize.simulate import simulate
from converters.run import run_reference
from converters.trace import trace
from training.models import build

MAKERS = {
    "mixed": (networks.Mixed, 30),
    "valid": (networks.Valid, 48),
    "bc_resnet": (lambda: build({"kind": "bc_resnet", "time": "causal", "width": 0.625}, 4, 40, 40), 40),
}


@pytest.fixture(params=MAKERS)
def case(request):
    make, frames = MAKERS[request.param]
    net, clips = networks.settle(make()), networks.features(48, frames)
    graph = simplify(trace(net, networks.BANDS, frames))
    return net, QatNetwork(graph, observe(graph, clips, networks.INPUT_SCALE)), clips


def torch_input(clips):
    return torch.tensor(clips.astype(np.float32) * networks.INPUT_SCALE).permute(0, 2, 1)[:, None]


def assert_is_the_int8_graph(network, clips):
    graph = network.export()
    with torch.no_grad():
        logits = network.eval()(torch_input(clips)).numpy()
    scores = simulate(graph, torch_input(clips)).numpy()
    for clip, row, probabilities in zip(clips, logits, scores, strict=True):
        values = run_reference(graph, [clip[None, ..., None]])
        q, found = graph[network.logits].q, values[network.logits][0].astype(int)
        simulated = np.rint(row / q.scale) + q.zero_point
        assert np.abs(simulated - found).max() <= 1
        assert row.argmax() == simulated.argmax()
        if (np.sort(found)[-1] - np.sort(found)[-2]) > 0:
            assert found.argmax() == simulated.argmax()
        assert np.abs(probabilities * 256 - 128 - values[graph.outputs[0]][0]).max() <= 1.5


def test_it_is_the_int8_graph(case):
    _, network, clips = case
    assert_is_the_int8_graph(network, clips[:20])


def test_fine_tuned_it_still_is(case):
    net, network, clips = case
    with torch.no_grad():  # something to mend: quantization alone leaves too little
        for constant in network.constants:
            constant *= 1.15
    losses = distil(network, net, clips, networks.INPUT_SCALE, epochs=4, rate=1e-3)
    assert losses[-1] < losses[0]
    assert_is_the_int8_graph(network, clips[:12])


def test_the_exported_file_is_tflm_bit_for_bit(case):
    net, network, clips = case
    distil(network, net, clips, networks.INPUT_SCALE, epochs=1)
    graph = network.export()
    judge = Tflm(emit(graph), 1)
    for clip in clips[:4]:
        x = clip[None, ..., None]
        np.testing.assert_array_equal(run_reference(graph, [x])[graph.outputs[0]], judge.run([x])[0])


def test_every_weight_and_scale_learns(case):
    _, network, clips = case
    network.train()(torch_input(clips[:8])).square().sum().backward()
    given = [p for p in network.scales if not p.requires_grad]
    assert len(given) >= 1
    for name, i in network.constant_index.items():
        assert network.constants[i].grad is not None, name
    assert all(p.grad is not None for p in network.scales if p.requires_grad)


@pytest.mark.parametrize("outliers", [0, 1, 5])
def test_a_chosen_range_is_never_worse_than_the_seen_one(outliers):
    rng = np.random.default_rng(outliers)
    values = np.append(rng.laplace(0, 1, 20_000), np.full(outliers, 14.0))

    def error(q):
        grid = np.clip(np.rint(values / q.scale), -128 - q.zero_point, 127 - q.zero_point) * q.scale
        return np.square(grid - values).mean()

    low, high = float(values.min()), float(values.max())
    assert error(best_range(values, low, high)) <= error(affine(low, high))


@pytest.mark.parametrize("values", [np.zeros(100), np.linspace(0, 6, 1000), np.linspace(-1e-3, 1e-3, 1000)])
def test_zero_is_exact_and_in_range(values):
    q = best_range(values, float(values.min()), float(values.max()))
    assert -128 <= q.zero_point <= 127 and q.scale > 0


def test_channels_are_all_seen():
    """Regular sampling through [B, T, F, C] would meet one channel in a few and clip the others."""
    net, clips = networks.settle(networks.Valid(channels=16)), networks.features(64, 48)
    with torch.no_grad():
        net.norm.weight[3] = 30.0
    graph = simplify(trace(net, networks.BANDS, 48))
    q = observe(graph, clips, networks.INPUT_SCALE)["stem"]
    with torch.no_grad():
        peak = float(net.norm(net.stem(torch_input(clips))).max())
    assert (127 - q.zero_point) * q.scale > 0.6 * peak
