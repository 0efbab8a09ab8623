"""Configurations that cannot run are refused; tables hold what the C code relies on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from edge.frontend import Frontend, FrontendConfig
from edge.frontend.tables import band_weights, first_radix, tables


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"fft_size": 500}, "fft_size is 500; use a power of two"),
        ({"fft_size": 8192}, "fft_size is 8192"),
        ({"fft_size": 32, "window_ms": 1, "hop_ms": 1}, "fft_size is 32"),
        ({"window_ms": 40}, "the window has 640 samples and fft_size is 512"),
        ({"window_ms": 0}, "the window has 0 samples"),
        ({"hop_ms": 31}, "hop_ms 31 is outside 1..window_ms"),
        ({"hop_ms": 0}, "hop_ms 0 is outside"),
        ({"bands": 0}, "bands is 0"),
        ({"bands": 257}, "bands is 257"),
        ({"high_hz": 8001}, "need 0 <= low_hz < high_hz <= 8000"),
        ({"low_hz": 7600}, "bands from 7600 Hz to 7600 Hz"),
        ({"low_hz": -1}, "bands from -1 Hz"),
        ({"shift": 16}, "shift is 16"),
        ({"shift": -1}, "shift is -1"),
        ({"offset": 40_000}, "offset is 40000"),
    ],
)
def test_refused(changes, message):
    with pytest.raises(ValueError) as caught:
        Frontend(replace(FrontendConfig(), **changes))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_every_band_has_a_bin_of_weight(config):
    made = tables(config)
    assert len(made.band_start) == len(made.band_size) == config.bands
    assert made.band_start.min() >= 1
    assert (made.band_start.astype(int) + made.band_size).max() <= config.fft_size // 2
    for weights in np.split(made.weight_q15, np.cumsum(made.band_size)[:-1].astype(int)):
        assert weights.max() >= 16_384


def test_wide_bands_share_each_bin():
    """Between two centres, neighbouring triangles sum to one."""
    config = FrontendConfig()
    bands = band_weights(config)
    total = np.zeros(config.fft_size // 2)
    for start, weights in bands:
        total[start : start + len(weights)] += weights
    first = bands[1][0] + int(np.argmax(bands[1][1]))
    last = bands[-2][0] + int(np.argmax(bands[-2][1]))
    np.testing.assert_allclose(total[first:last], 1.0, atol=1e-4)


def test_order_visits_every_pair_once(config):
    points = config.fft_size // 2
    radix = first_radix(points)
    order = tables(config).order.astype(int)
    visited = [n + leg * points // radix for n in order for leg in range(radix)]
    assert sorted(visited) == list(range(points))


def test_no_entry_is_close_to_a_tie():
    """A cos that errs in its last bits still rounds to the same table, on whatever machine."""
    size = FrontendConfig().fft_size
    for k in range(size):
        for value in (math.cos(2 * math.pi * k / size), math.sin(2 * math.pi * k / size)):
            assert abs(value * 2**30 % 1 - 0.5) > 1e-5
