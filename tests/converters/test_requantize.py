"""The cheap forms of requantization are TFLM's, for every accumulator within the bounds that allow them."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest

from converters import fixed_point as fp
from converters.emit.paste import OPS
from converters.graph import Quantization
from converters.native import WARNINGS
from converters.requantize import requantization

SOURCE = """
#include "requantize.h"
void run(const int32_t *acc, int32_t n, int32_t m, int32_t right, int32_t zero, int32_t *y);
void run(const int32_t *acc, int32_t n, int32_t m, int32_t right, int32_t zero, int32_t *y) {
    for (int32_t i = 0; i < n; i++) y[i] = nh_requantize(acc[i], m, right, nh_rounding(zero, right));
}
"""


@pytest.fixture(scope="module", params=["long multiply", "16 x 16"])
def c_form(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("requantize")
    (folder / "run.c").write_text(SOURCE)
    form = ["-D__ARM_ARCH_6M__"] if request.param == "16 x 16" else []
    flags = [*WARNINGS, *form, "-fsanitize=undefined", "-fno-sanitize-recover=all", f"-I{OPS / 'include'}"]
    subprocess.run(["gcc", *flags, "-shared", "-fPIC", "run.c", "-o", "run.so"], cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "run.so"))


def computed(lib, acc, multiplier, right, zero):
    acc, y = acc.astype(np.int32), np.zeros(len(acc), np.int32)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (acc, y)]
    lib.run(pointers[0], len(acc), int(multiplier), int(right), int(zero), pointers[1])
    return y


@pytest.mark.parametrize("right", range(1, 23))
def test_narrow_form_is_tflm(c_form, right):
    rng = np.random.default_rng(right)
    limit = 2**30 - 1
    acc = np.concatenate([np.arange(-300, 300), [limit, -limit], rng.integers(-limit, limit, 2000)])
    for multiplier in (2**30, 2**30 + 1, 2**31 - 1, int(rng.integers(2**30, 2**31))):
        # And around each half that rounds.
        halves = ((np.arange(-130, 130) * 2 + 1) * 2.0 ** (right + 30) / multiplier).astype(np.int64)
        near = (halves[:, None] + np.arange(-2, 3)).ravel()
        both = np.concatenate([acc, near[abs(near) <= limit]])
        for zero in (-128, 0, 127):
            wanted = fp.multiply(both, multiplier, -right) + zero
            np.testing.assert_array_equal(computed(c_form, both, multiplier, right, zero), wanted)


def made(real, bias=0, x_zero=-128, depth=16):
    weights = np.tile(np.array([127, -128], np.int8), (1, depth // 2))
    return requantization(
        weights, np.array([bias], np.int32), Quantization.of(0.1, x_zero), [real], Quantization.of(0.1)
    )


def test_bounds_hold_the_extremes():
    r = made(0.01, bias=1000, x_zero=5)
    w, x = np.tile([127, -128], 8), np.array([np.tile([127, -128], 8), np.tile([-128, 127], 8)])
    acc = ((x - 5) * w).sum(1) + 1000
    assert [r.highest[0], r.lowest[0]] == acc.tolist()
    assert r.bound[0] >= abs(acc).max()


@pytest.mark.parametrize(
    ("real", "bias", "narrow"),
    [(0.4, 0, True), (0.5, 0, False), (3.0, 0, False), (0.4, 2**30, False), (0.0, 0, True), (1e-9, 0, True)],
)
def test_narrow_where_only_right_shifts_and_small_sums(real, bias, narrow):
    assert made(real, bias).narrow == narrow


def test_a_channel_that_is_always_zero_has_a_small_shift():
    r = made(1e-9)
    assert r.right.tolist() == [1] and r.factor.tolist() == [0]
