"""Augmentations of scenes: what they change and what they leave."""

import numpy as np
import pytest
import soundfile
import torch

from training.augment.device_response import REFERENCE, equalizer, make_device
from training.augment.freq_mixstyle import freq_mixstyle
from training.augment.mixup import mixup_share
from training.augment.time_roll import time_roll


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_time_roll_loses_nothing():
    x = torch.randn(6, 1, 3, 20)
    y = time_roll(x, generator(), 5)
    torch.testing.assert_close(y.sort(3).values, x.sort(3).values)
    shifts = {s for i in range(6) for s in range(-5, 6) if torch.equal(torch.roll(x[i], s, 2), y[i])}
    assert len(shifts) > 1
    torch.testing.assert_close(time_roll(x, generator(), 0), x)


def test_freq_mixstyle_moves_statistics_and_nothing_else():
    x = torch.randn(8, 1, 5, 30) + 3 * torch.randn(8, 1, 5, 1)
    y = freq_mixstyle(x, generator(), 1.0, 0.3)
    rows = [(v - v.mean((1, 3), keepdim=True)) / v.std((1, 3), keepdim=True) for v in (x, y)]
    torch.testing.assert_close(rows[0], rows[1], atol=1e-3, rtol=1e-3)
    means = [v.mean((1, 3)) for v in (x, y)]
    assert (means[0] - means[1]).abs().max() > 0.1
    low, high = means[0].min(0).values, means[0].max(0).values
    assert ((means[1] >= low - 1e-4) & (means[1] <= high + 1e-4)).all(), "between those of the batch"
    assert freq_mixstyle(x, generator(), 0.0, 0.3) is x


@pytest.mark.parametrize("alpha", [0.0, 0.3])
def test_the_larger_part_of_a_pair_is_the_first(alpha):
    g = generator()
    shares = [mixup_share(g, alpha) for _ in range(200)]
    assert all(0.5 <= s <= 1 for s in shares)
    assert max(shares) > 0.9 and min(shares) < 0.6


def test_a_device_depends_on_its_name_alone(tmp_path):
    x = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    for name in ("old", "new"):
        soundfile.write(tmp_path / f"{name}.wav", np.r_[1.0, np.zeros(99)] * 0.5, 16_000)
    old, again, new = (make_device(tmp_path / f"{n}.wav", 6.0) for n in ("old", "old", "new"))
    np.testing.assert_array_equal(old.response, again.response)
    levels = [20 * np.log10(np.abs(np.fft.rfft(d.hear(x))) + 1e-6) for d in (old, new)]
    assert np.abs(levels[0] - levels[1])[500:6_000].mean() > 1.0
    assert len(old.hear(x)) == len(x)
    assert REFERENCE.hear(x) is x


def test_an_equalizer_stays_within_its_range_where_it_does_not_cut():
    response = equalizer(np.random.default_rng(3), 6.0)
    middle = 20 * np.log10(np.abs(np.fft.rfft(response)))[20:140]  # 600 Hz to 4.4 kHz
    assert -8 < middle.min() < middle.max() < 8
