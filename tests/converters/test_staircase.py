"""What is proved of a brief scaling holds for every accumulator."""

from __future__ import annotations

import numpy as np
import pytest

from converters import fixed_point as fp
from converters.graph import Quantization
from converters.requantize import requantization
from converters.staircase import Staircase, scaling


def drawn(seed: int, zero_point: int):
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (16, 9)).astype(np.int8)
    bias = rng.integers(-3000, 3000, 16).astype(np.int32)
    reals = 10 ** rng.uniform(-2.9, -2.6, 16)
    return requantization(weights, bias, Quantization.of(0.05, -128), reals, Quantization.of(0.05, zero_point))


def outputs(r, channel: int, acc: np.ndarray, low: int, high: int) -> np.ndarray:
    scaled = fp.multiply(acc, int(r.multiplier[channel]), int(r.shift[channel]))
    return np.clip(scaled + r.zero_point, low, high)


@pytest.mark.parametrize("seed", range(4))
def test_steps_begin_where_the_outputs_change(seed):
    r = drawn(seed, 3)
    stairs = Staircase(r, -128, 127)
    for c in range(4):
        acc = np.arange(r.lowest[c], r.highest[c] + 1)
        y = outputs(r, c, acc, -128, 127)
        wanted = r.lowest[c] + np.searchsorted(y, stairs.steps)
        np.testing.assert_array_equal(stairs.first[c], wanted)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("form", (lambda acc, m: (acc * m) >> 12, lambda acc, m: (256 * acc * m) >> 32))
def test_a_scaling_is_exact_over_all_accumulators(seed, form):
    r = drawn(seed, -128)
    shift = np.full(16, 20 if form(4096, 1) == 1 else 12)
    unit = 12 if form(4096, 1) == 1 else 24
    nearest = np.round(r.multiplier * 2.0 ** (shift + unit - 31 + r.shift)).astype(np.int64)
    found = scaling(Staircase(r, -128, 127), form, nearest, shift)
    assert found is not None
    for c in range(16):
        acc = np.arange(r.lowest[c], r.highest[c] + 1)
        brief = (form(acc, int(found.multiplier[c])) + int(found.offset[c])) >> int(shift[c])
        np.testing.assert_array_equal(np.clip(brief, -128, 127), outputs(r, c, acc, -128, 127))


def test_outputs_on_both_sides_of_the_zero_point_have_none():
    r = drawn(1, 0)
    nearest = np.round(r.multiplier * 2.0 ** (5 + r.shift)).astype(np.int64)
    assert scaling(Staircase(r, -128, 127), lambda acc, m: (256 * acc * m) >> 32, nearest, np.full(16, 12)) is None
