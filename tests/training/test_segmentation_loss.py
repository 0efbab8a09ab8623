"""The loss of portraits: its golden values, its band, its classes' weights."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from training.evaluate.segmentation import band, band_at
from training.losses.boundary import boundary
from training.losses.segmentation import SegmentationLoss, class_weights

SHARES = torch.tensor([0.6, 0.4])


def square(size=32, first=8, last=24):
    mask = torch.zeros(1, size, size, dtype=torch.long)
    mask[:, first:last, first:last] = 1
    return mask


def test_the_band_scales_with_the_picture():
    assert [band_at(n) for n in (224, 128, 96, 28)] == [15, 9, 7, 3]


def test_the_band_is_the_widened_without_the_thinned_mask():
    edge = boundary(square(), 5)
    assert int(edge.sum()) == 20 * 20 - 12 * 12
    assert not boundary(torch.ones(1, 9, 9), 5).any()  # the picture's border is no outline
    assert not boundary(torch.zeros(1, 9, 9), 5).any()


@pytest.mark.parametrize("kernel", [3, 5, 7, 15])
def test_training_and_evaluation_have_the_same_band(kernel):
    mask = np.random.default_rng(kernel).random((24, 31)) > 0.9
    assert np.array_equal(boundary(torch.tensor(mask)[None], kernel)[0].numpy(), band(mask, kernel))


def test_rare_classes_weigh_more():
    assert class_weights(SHARES).tolist() == pytest.approx([1 / math.log(1.7), 1 / math.log(1.5)])


def test_an_undecided_network_pays_the_same_everywhere():
    loss = SegmentationLoss(SHARES, 5)(torch.zeros(1, 2, 32, 32), square())
    assert float(loss) == pytest.approx(1.5 * math.log(2))


def test_it_is_the_cross_entropy_with_the_rest_ignored():
    torch.manual_seed(0)
    logits, mask = torch.randn(2, 2, 32, 32), torch.cat([square(), square(first=2, last=9)])
    weights = class_weights(SHARES)
    edge_only = torch.where(boundary(mask, 5), mask, 255)
    whole = F.cross_entropy(logits, mask, weights)
    wanted = whole + 0.5 * F.cross_entropy(logits, edge_only, weights, ignore_index=255)
    assert float(SegmentationLoss(SHARES, 5)(logits, mask)) == pytest.approx(float(wanted), rel=1e-5)
    assert float(SegmentationLoss(SHARES, 5, 0.0)(logits, mask)) == pytest.approx(float(whole), rel=1e-5)


def test_a_picture_without_an_outline_gives_a_finite_loss_and_a_mask_follows_the_logits_size():
    loss = SegmentationLoss(SHARES, 5)
    assert math.isfinite(float(loss(torch.randn(1, 2, 4, 4), torch.zeros(1, 32, 32, dtype=torch.long))))
