"""Magnitude pruning: the schedule, the masks, the loop that keeps zeros, and what is counted."""

import numpy as np
import pytest
import torch
from torch import nn

from training.compress import prune, report
from training.fit import Examples, fit
from training.models import build
from training.recipe import Fit

NET = {"kind": "ds_cnn", "stem": 8, "stem_kernel": [5, 5], "blocks": [[12, 3, 1, 2]], "time": "valid"}


def examples(n=64):
    rng = np.random.default_rng(0)
    x = rng.integers(-60, 60, (n, 98, 40)).astype(np.int8)
    return Examples(lambda k: x, rng.integers(0, 3, n), np.full(n, -1), np.ones(n), 1 / 32)


def test_sparsity_rises_and_stays():
    shares = [prune.sparsity_at(e, 50, 0.89) for e in range(50)]
    assert shares == sorted(shares)
    assert shares[4] == 0.0
    assert shares[30] == shares[-1] == pytest.approx(0.89)
    assert prune.sparsity_at(40, 50, 0.0) == 0.0


def test_masks_take_the_smallest_of_each_layers_scale():
    net = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3))
    with torch.no_grad():
        net[1].weight.mul_(1000)  # as a normalization behind it would allow
    kept = prune.masks(net, 0.5)
    assert set(kept) == {"0.weight", "1.weight"}
    share = sum(int(m.sum()) for m in kept.values()) / sum(m.numel() for m in kept.values())
    assert share == pytest.approx(0.5, abs=0.01)
    assert kept["0.weight"].float().mean() > 0.3
    assert prune.masks(net, 0.0) == {}


def test_depthwise_filters_stay_while_others_suffice():
    net = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 32, 1))
    assert set(prune.masks(net, 0.7)) == {"1.weight"}
    assert sum(int((~m).sum()) for m in prune.masks(net, 0.7).values()) == int(0.7 * (72 + 256))
    assert set(prune.masks(net, 0.9)) == {"0.weight", "1.weight"}


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_pruned_run_ends_with_its_zeros(ema):
    torch.manual_seed(0)
    net = fit(build(NET, 3, 40, 98), examples(), Fit(epochs=6, batch=32, word_weight=0, sparsity=0.7, ema=ema), 0)
    counted = report.count(net)
    assert counted["sparsity"] == pytest.approx(0.7, abs=0.01)
    weights = counted["weights"]
    others = counted["parameters"] - weights
    assert counted["non_zero_bytes"] == pytest.approx(0.3 * weights + 2 * others, abs=2)


def test_what_is_shipped_is_every_byte(tmp_path):
    (tmp_path / "model.tflite").write_bytes(bytes(5_000))
    assert report.shipped(tmp_path)["model.tflite"]["bytes"] == 5_000
    assert report.shipped(tmp_path)["model.tflite"]["gzip_bytes"] < 100


def test_the_published_size_is_counted_again():
    """315 k parameters at 89 % are 60.9 KiB (Kim et al. 2021 report 61.0 KB)."""
    net = build({"kind": "bc_resnet_asc", "channels": 80}, 10, 64, 160)
    values = dict(net.named_parameters())
    prune.apply(values, prune.masks(net, 0.89))
    assert report.count(net)["non_zero_kib"] == pytest.approx(60.9, abs=0.2)
