"""Masks compared: values that can be counted by hand."""

import numpy as np
import pytest

from training.evaluate.segmentation import band, band_at, band_iou, interval, iou, segmentation


def square(left, size=224, side=64):
    mask = np.zeros((size, size), bool)
    mask[80 : 80 + side, left : left + side] = True
    return mask


def test_a_shift_costs_what_it_uncovers():
    assert iou(square(60), square(60)) == 1.0
    assert iou(square(64), square(60)) == 60 / 68
    assert iou(square(0), square(100)) == 0.0
    empty = np.zeros((9, 9), bool)
    assert iou(empty, empty) == 1.0


def test_the_band_is_fifteen_pixels_at_224_and_seven_at_96():
    assert (band_at(224), band_at(96)) == (15, 7)
    assert int(band(square(60), 15).sum()) == 78 * 78 - 50 * 50


def test_the_band_sees_an_error_at_the_outline_more_than_the_whole_does():
    truth = square(60)
    # In the band: truth 64^2 - 50^2; of a shift by 4, a strip of 4 x 64 is missed and one is too much.
    inside = 64 * 64 - 50 * 50
    assert band_iou(square(64), truth) == pytest.approx((inside - 256) / (inside + 256))
    assert band_iou(truth, np.zeros_like(truth)) is None


def test_the_interval_is_of_pictures_and_repeats_itself():
    values = [0.9, 0.8, 0.95, 0.5, 0.99]
    low, high = interval(values)
    assert 0.5 <= low < np.mean(values) < high <= 0.99
    assert interval(values) == (low, high)
    assert interval([0.7]) == (0.7, 0.7)


def test_the_report():
    truth = [square(60), square(60), np.zeros((224, 224), bool)]
    found = segmentation([square(60), square(64), truth[2]], truth)
    assert found["pictures"] == 3 and found["iou"] == round((2 + 60 / 68) / 3, 5)
    assert found["boundary_iou"] == pytest.approx((1 + 1340 / 1852) / 2, abs=1e-5)
    assert found["interval"][0] <= found["iou"] <= found["interval"][1]
    assert segmentation([truth[2]], [truth[2]])["boundary_iou"] is None
