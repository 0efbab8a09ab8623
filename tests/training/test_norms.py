"""Normalizations per frequency row: golden values, what they are blind to, and the network that holds them."""

import pytest
import torch

from training.layers.frequency_norm import FrequencyNorm
from training.layers.mean_removal import MeanRemoval
from training.layers.relaxed_frequency_norm import RelaxedFrequencyNorm, layer_norm
from training.layers.residual_norm import ResidualNorm
from training.models import build
from training.models.bc_resnet_asc import NORMALIZATIONS

# By hand, for [[1, 3], [2, 6]] with eps = 0.
X = torch.tensor([[[[1.0, 3.0], [2.0, 6.0]]]])  # [1, 1, F, T]
GOLDEN = {
    "frequency": (FrequencyNorm(0), [[-1, 1], [-1, 1]]),
    "residual": (ResidualNorm(0), [[-0.9, 1.3], [-0.8, 1.6]]),
    "relaxed": (RelaxedFrequencyNorm(0), [[-1.0345, 0.5], [-0.7673, 1.3018]]),
    "layer": (lambda x: layer_norm(x, 0), [[-1.0690, 0], [-0.5345, 1.6036]]),
    "absolute": (FrequencyNorm(0, "absolute"), [[-1, 1], [-1, 1]]),
    "mean": (MeanRemoval(), [[-1, 1], [-2, 2]]),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name):
    layer, wanted = GOLDEN[name]
    torch.testing.assert_close(layer(X)[0, 0], torch.tensor(wanted, dtype=torch.float32), atol=5e-5, rtol=0)


def test_statistics_run_over_channels_and_time_together():
    y = FrequencyNorm()(3 * torch.randn(2, 5, 4, 7) + torch.arange(5.0).view(1, 5, 1, 1))
    torch.testing.assert_close(y.mean((1, 3)), torch.zeros(2, 4), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var((1, 3), correction=0), torch.ones(2, 4), atol=1e-3, rtol=0)
    assert y.mean((2, 3)).abs().max() > 0.1, "not those of each channel"


@pytest.mark.parametrize("name", ["mean", "frequency", "absolute"])
def test_a_device_that_colours_the_log_mel_is_not_seen(name):
    layer, colour = GOLDEN[name][0], torch.randn(1, 1, 16, 1)
    x = torch.randn(3, 1, 16, 20)
    torch.testing.assert_close(layer(x), layer(x + colour), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("channels", "count"), [(10, 8_045), (20, 25_040), (80, 314_960)])
@pytest.mark.parametrize("normalization", ["none", "residual"])
def test_bc_resnet_asc_has_the_published_parameters(channels, count, normalization):
    net = build({"kind": "bc_resnet_asc", "channels": channels, "normalization": normalization}, 10, 64, 160)
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("places", ["everywhere", "input", "stages"])
def test_bc_resnet_asc_in_every_form(normalization, places):
    torch.manual_seed(0)
    net = build(
        {"kind": "bc_resnet_asc", "channels": 4, "normalization": normalization, "places": places}, 3, 32, 24
    ).eval()
    x = torch.randn(2, 1, 32, 24)
    embedding = net.embed(x)
    assert embedding.shape == (2, net.embedding, 1, 1)
    torch.testing.assert_close(net(x), net.classifier(embedding).flatten(1))
    net(torch.zeros(1, 1, 32, 24)).isfinite().all()  # digital silence has no deviation


def test_bc_resnet_asc_refuses_in_one_line():
    with pytest.raises(ValueError, match="normalization='batch' is none of none, mean"):
        build({"kind": "bc_resnet_asc", "normalization": "batch"}, 2, 64, 160)
    with pytest.raises(ValueError, match="48 bands; 4 sub-bands need a multiple of 32"):
        build({"kind": "bc_resnet_asc"}, 2, 48, 160)
    with pytest.raises(ValueError, match="deviation='median'"):
        build({"kind": "bc_resnet_asc", "deviation": "median"}, 2, 64, 160)
    with pytest.raises(ValueError, match="places='inside'"):
        build({"kind": "bc_resnet_asc", "places": "inside"}, 2, 64, 160)
