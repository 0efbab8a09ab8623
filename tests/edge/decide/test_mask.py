"""Smoothing of masks: what moves leaves no ghost, what stands still does not flicker."""

import numpy as np
import pytest

from edge.decide.mask import MaskSmoother, box_mean

SIZE, RATE_HZ = 160, 10
Y, X = np.mgrid[:SIZE, :SIZE]


def disc(x, y, radius=20):
    """A soft edge of some two pixels, as networks draw it."""
    return np.clip(radius - np.hypot(X - x, Y - y) + 0.5, -1, 1).astype(np.float32) / 2 + 0.5


def smoothed(masks, rate_hz=RATE_HZ):
    smoother = MaskSmoother()
    return [smoother.update(m, i / rate_hz) for i, m in enumerate(masks)]


@pytest.mark.parametrize("pixels_a_frame", [1, 2, 4, 8, 16])
def test_a_moving_disc_leaves_no_ghost(pixels_a_frame):
    moving = [disc(25 + pixels_a_frame * i, 80) for i in range(7)]
    found = smoothed(moving)[-1]
    ghost = (found > 0.5) & (moving[-1] < 0.5)
    lost = (found < 0.5) & (moving[-1] > 0.5)
    away = np.abs(np.hypot(X - (25 + pixels_a_frame * 6), Y - 80) - 20)
    assert away[ghost | lost].max(initial=0) <= 1.5, "more than one pixel from where it is"


def test_a_plain_average_would_leave_one():
    """The same disc through one weight for all pixels, that of pixels at rest: what the adaptive one is for."""
    average = disc(25, 80)
    for i in range(1, 7):
        average += 0.25 * (disc(25 + 8 * i, 80) - average)
    assert ((average > 0.5) & (disc(25 + 48, 80) < 0.5)).sum() > 200


def test_what_jumps_is_there_at_once():
    before, after = disc(40, 40), disc(120, 120)
    found = smoothed([before] * 5 + [after])[-1]
    assert np.abs(found - after).max() < 0.05


@pytest.mark.parametrize("noise", [0.1, 0.25])
def test_flicker_is_a_quarter_at_most(noise):
    rng = np.random.default_rng(0)
    still = disc(80, 80, 40)
    noisy = [np.clip(still + noise * rng.standard_normal(still.shape), 0, 1).astype(np.float32) for _ in range(40)]

    def flicker(masks):
        return np.abs(np.diff(np.stack(masks[10:]), axis=0)).mean()

    assert flicker(smoothed(noisy)) < 0.25 * flicker(noisy)


def test_an_outline_that_flips_is_steadied():
    """Pixels of the outline that are person in every other picture, each in its own order."""
    rng = np.random.default_rng(1)
    still = disc(80, 80, 40)
    ring = np.abs(np.hypot(X - 80, Y - 80) - 40) < 1.5
    masks = [np.where(ring, rng.uniform(0.2, 0.8, still.shape), still).astype(np.float32) for _ in range(40)]
    flips = [np.diff(np.stack(m[10:]) > 0.5, axis=0)[:, ring].mean() for m in (masks, smoothed(masks))]
    assert flips[1] < 0.6 * flips[0]


def test_rate_makes_no_difference_to_how_long_it_takes():
    """A change too faint for motion is followed with the same time constant at any rate."""
    low, high = np.full((SIZE, SIZE), 0.5, np.float32), np.full((SIZE, SIZE), 0.55, np.float32)
    after_1_s = [smoothed([low] + [high] * rate, rate)[-1].mean() for rate in (5, 10, 30)]
    assert np.ptp(after_1_s) < 1e-3 and after_1_s[0] > 0.54


def test_a_gap_forgets():
    smoother = MaskSmoother()
    smoother.update(np.zeros((40, 40), np.float32), 0.0)
    assert smoother.update(np.full((40, 40), 0.05, np.float32), 60.0).min() > 0.0499


@pytest.mark.parametrize("reach", [1, 2, 5])
def test_the_mean_around_each_pixel(reach):
    values = np.random.default_rng(2).random((17, 23)).astype(np.float32)
    padded = np.pad(values, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1))
    np.testing.assert_allclose(box_mean(values, reach), windows.mean((2, 3)), atol=1e-5)
