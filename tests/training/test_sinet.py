"""SINet: the published counts, the authors' weights where they are given, and what an option changes."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from training.layers.s2_block import shuffle
from training.models import ModelError, build
from training.models.sinet import Mask

MODELS = Path(os.environ.get("NUTHATCH_DATA", "nowhere")) / "models"
SMALL = {"kind": "sinet", "width": 0.5}


def macs(net, size):
    total = 0

    def count(module, args, out):
        nonlocal total
        total += out.numel() * module.weight[0].numel()

    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, 3, size, size))
    return total


def test_it_has_the_published_parameters_and_operations():
    net = build({"kind": "sinet"}, 2, 224, 224).eval()
    assert sum(p.numel() for p in net.parameters()) == 86_910
    assert macs(net, 224) == 63_870_448


@pytest.mark.skipif(not (MODELS / "sinet_probe.npz").is_file(), reason="NUTHATCH_DATA holds no sinet_probe.npz")
def test_the_authors_weights_give_the_golden_output():
    net = build({"kind": "sinet"}, 2, 224, 224).eval()
    weights = torch.load(MODELS / "sinet_portrait.pth", weights_only=True, map_location="cpu")
    net.load_state_dict(weights, strict=True)
    probe = np.load(MODELS / "sinet_probe.npz")
    with torch.no_grad():
        found = net(torch.tensor(probe["x"])[None])[0].numpy()
    assert np.abs(found - probe["o"]).max() < 1e-3


@pytest.mark.parametrize("options", [{"gate": "add"}, {"gate": "none"}, {"pools": False}, {"act": "relu"}, {}])
def test_every_form_gives_a_logit_for_each_pixel(options):
    net = build({**SMALL, **options}, 2, 64, 96).eval()
    with torch.no_grad():
        assert net(torch.randn(2, 3, 64, 96)).shape == (2, 2, 64, 96)


def test_the_gate_lets_detail_through_where_the_coarse_prediction_is_unsure():
    net = build(SMALL, 2, 32, 32).eval()
    detail, sure = torch.randn(1, 24, 8, 8), torch.zeros(1, 2, 8, 8)
    sure[:, 1, :, :4] = 30.0
    with torch.no_grad():
        added = net._with_detail(sure, detail) - sure
    assert float(added[..., :4].abs().max()) < 1e-6
    assert torch.allclose(added[..., 4:], 0.5 * net.level2_C(detail)[..., 4:])


def test_shuffled_channels_take_turns_between_groups():
    x = torch.arange(6.0).reshape(1, 6, 1, 1)
    assert shuffle(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def test_the_shipped_form_is_the_softmax_of_the_person():
    net = build(SMALL, 2, 32, 32).eval()
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        wanted = net(x).softmax(1)[:, 1:]
        assert torch.allclose(Mask(net)(x), wanted, atol=1e-6)


def test_what_cannot_be_built_is_said_in_one_line():
    with pytest.raises(ModelError, match="multiples of 32"):
        build(SMALL, 2, 100, 96)
    with pytest.raises(ModelError, match="0 x 32 pixels"):
        build(SMALL, 2, 0, 32)
    with pytest.raises(ModelError, match="width -1 of the channels"):
        build({**SMALL, "width": -1.0}, 2, 96, 96)
    with pytest.raises(ModelError, match="gate 'half' is none of block, add, none"):
        build({**SMALL, "gate": "half"}, 2, 96, 96)
    with pytest.raises(ModelError, match="neither 'prelu' nor 'relu'"):
        build({**SMALL, "act": "tanh"}, 2, 96, 96)
