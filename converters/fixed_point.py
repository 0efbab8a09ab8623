"""TFLM's integer arithmetic in numpy: the same roundings, bit for bit.

Names follow gemmlowp's (fixedpoint.h) and TFLite's (kernels/internal/common.h, quantization_util.cc).
Everything is int64 with the value of an int32, so that nothing overflows on the way.
"""

from __future__ import annotations

import math

import numpy as np

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """real ~ multiplier * 2**(shift - 31), multiplier in [2**30, 2**31) (QuantizeMultiplier)."""
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def quantize_multipliers(reals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for one multiplier per channel."""
    pairs = [quantize_multiplier(float(r)) for r in reals]
    return np.array([m for m, _ in pairs], np.int64), np.array([s for _, s in pairs], np.int64)


def high_mul(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """SaturatingRoundingDoublingHighMul: a * b / 2**31, halves away from zero upwards."""
    product = np.asarray(a, np.int64) * b
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    # C divides towards zero.
    result = np.where(nudged >= 0, nudged >> 31, -((-nudged) >> 31))
    return np.minimum(result, INT32_MAX)


def divide_by_pot(x: np.ndarray, exponent: np.ndarray | int) -> np.ndarray:
    """RoundingDivideByPOT: halves away from zero."""
    x, one = np.asarray(x, np.int64), np.int64(1)
    mask = (one << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def multiply(x: np.ndarray, multiplier: np.ndarray | int, shift: np.ndarray | int) -> np.ndarray:
    """MultiplyByQuantizedMultiplier, with its two roundings."""
    left, right = np.maximum(shift, 0), np.maximum(np.negative(shift), 0)
    return divide_by_pot(high_mul(np.asarray(x, np.int64) << left, multiplier), right)


def saturating_shift_left(x: np.ndarray, exponent: np.ndarray | int) -> np.ndarray:
    """SaturatingRoundingMultiplyByPOT for a positive exponent."""
    return np.clip(np.asarray(x, np.int64) << exponent, INT32_MIN, INT32_MAX)


def rescale(x: np.ndarray, from_bits: int, to_bits: int) -> np.ndarray:
    """gemmlowp's Rescale between numbers of integer bits."""
    exponent = from_bits - to_bits
    return saturating_shift_left(x, exponent) if exponent >= 0 else divide_by_pot(x, -exponent)


def rounding_half_sum(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """(a + b) / 2, halves away from zero."""
    total = np.asarray(a, np.int64) + b
    return (np.abs(total) + 1) // 2 * np.sign(total)


def divide_round_away(x: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """An average's division: halves away from zero (AveragePool, Mean)."""
    x = np.asarray(x, np.int64)
    return np.sign(x) * ((np.abs(x) + count // 2) // count)


_EXP_STEPS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
"""exp(-2**k) in Q0.31 for the bits of the integer part (exp_on_negative_values)."""


def exp_on_negative_values(x: np.ndarray, integer_bits: int) -> np.ndarray:
    """exp(x) in Q0.31 for x <= 0 with that many integer bits."""
    x = np.asarray(x, np.int64)
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    remainder = (x & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_on_quarter(rescale(remainder, integer_bits, 0))
    left = remainder - x
    for exponent, factor in _EXP_STEPS:
        if integer_bits > exponent:
            bit = 1 << (fraction_bits + exponent)
            result = np.where(left & bit, high_mul(result, factor), result)
    if integer_bits > 5:
        result = np.where(x < -(1 << (fraction_bits + 5)), 0, result)
    return np.where(x == 0, INT32_MAX, result)


def _exp_on_quarter(a: np.ndarray) -> np.ndarray:
    """exp on [-1/4, 0) by a Taylor polynomial around -1/8."""
    one_eighth, one_third = 1895147668, 715827883  # exp(-1/8), 1/3
    x = a + (1 << 28)
    x2 = high_mul(x, x)
    x3 = high_mul(x2, x)
    x4 = high_mul(x2, x2)
    tail = divide_by_pot(high_mul(divide_by_pot(x4, 2) + x3, one_third) + x2, 1)
    return np.minimum(one_eighth + high_mul(x + tail, one_eighth), INT32_MAX)


def one_over_one_plus(a: np.ndarray) -> np.ndarray:
    """1 / (1 + a) for a in [0, 1], Q0.31."""
    return rescale(_two_over_one_plus(a), 1, 0)


def _two_over_one_plus(a: np.ndarray) -> np.ndarray:
    """2 / (1 + a) in Q2.29, by three Newton steps."""
    half = rounding_half_sum(a, INT32_MAX)
    x = 1515870810 + high_mul(half, -1010580540)  # 48/17 - 32/17 * half, in Q2.29
    for _ in range(3):
        correction = (1 << 29) - high_mul(half, x)
        x = x + rescale(high_mul(x, correction), 4, 2)
    return x


def tanh(x: np.ndarray, integer_bits: int) -> np.ndarray:
    """tanh(x) in Q0.31, as (1 - e) / (1 + e) of e = exp(-2 |x|)."""
    x = np.asarray(x, np.int64)
    exps = exp_on_negative_values(-np.abs(x), integer_bits + 1)
    size = rescale(_two_over_one_plus(exps) - (1 << 29), 2, 0)
    return np.sign(x) * size


def logistic(x: np.ndarray, integer_bits: int) -> np.ndarray:
    """1 / (1 + exp(-x)) in Q0.31."""
    x = np.asarray(x, np.int64)
    positive = one_over_one_plus(exp_on_negative_values(-np.abs(x), integer_bits))
    result = np.where(x > 0, positive, INT32_MAX - positive)
    return np.where(x == 0, 1 << 30, result)


def input_radius(integer_bits: int, left_shift: int, total_signed_bits: int = 31) -> int:
    """CalculateInputRadius: the largest input that the fixed-point format can hold."""
    limit = float((1 << integer_bits) - 1) * (1 << (total_signed_bits - integer_bits)) / (1 << left_shift)
    return math.floor(limit)


def log(x: np.ndarray, input_bits: int, output_bits: int) -> np.ndarray:
    """Natural logarithm of x >= 1 with ``input_bits`` integer bits (log_x_for_x_greater_than_or_equal_to_1).

    x = r * 2**p with r near sqrt(sqrt(1/2)), from x itself or from x * sqrt(1/2), whichever is nearer; log(r) is a
    rational function around that point.
    """
    x = np.asarray(x, np.int64)
    bits = output_bits + 1
    quarter, sqrt_half = 1 << (29 - bits), 1518500250
    zeros = _leading_zeros(x)
    r_a = saturating_shift_left(high_mul(saturating_shift_left(x, zeros - 1), sqrt_half), 1)
    p_a = np.minimum(saturating_shift_left(input_bits - zeros, 31 - bits) + quarter, INT32_MAX)
    headroom = _leading_zeros(high_mul(x, sqrt_half)) - 1
    r_b = saturating_shift_left(x, headroom)
    p_b = np.maximum(saturating_shift_left(input_bits - headroom, 31 - bits) - quarter, INT32_MIN)
    r, p = np.minimum(r_a, r_b), np.maximum(p_a, p_b)
    numerator, denominator = _log_ratio(r)
    inverse = one_over_one_plus(denominator)
    total = high_mul(p, 1488522236) + high_mul(rescale(numerator, 0, bits), inverse)  # log(2)
    return rescale(total, bits, output_bits)


def _log_ratio(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator - 1 of log(r) around sqrt(sqrt(1/2)), Q0.31."""
    centre = 1805811301
    half = rounding_half_sum(r, centre)
    q = 2 * (r - centre)
    square = high_mul(q, q)
    # 11/240, 1/20, 2 / c**2 - 1 and 1/4, each times c = sqrt(sqrt(2)).
    numerator = high_mul(q, r) + high_mul(high_mul(q, square), 117049297)
    denominator = high_mul(half, 1057819769 + q + high_mul(square, 127690142)) + high_mul(q, 638450708)
    return numerator, denominator


def _leading_zeros(x: np.ndarray) -> np.ndarray:
    """Of a positive int32."""
    return 32 - np.frexp(x.astype(np.float64))[1]


def inverse_root_multiplier(value: int) -> tuple[int, int]:
    """(multiplier, shift) of 1 / sqrt(value), value >= 1 (GetInvSqrtQuantizedMultiplierExp): five steps of Newton's."""
    if value <= 1:
        return INT32_MAX, 0
    shift = 11
    while value >= 1 << 29:
        value, shift = value // 4, shift + 1
    pairs = (31 - value.bit_length()) // 2 - 1
    shift -= pairs
    half_input = divide_by_pot(np.array(value << (2 * pairs) >> 1), 1)  # Q3.28
    x, three_halves = np.array(1 << 28), np.array(3 << 27)
    for _ in range(5):
        cube = rescale(high_mul(high_mul(x, x), x), 9, 3)
        x = rescale(high_mul(three_halves, x) - high_mul(half_input, cube), 6, 3)
    multiplier = int(high_mul(x, 1518500250))  # times sqrt(1/2)
    return (multiplier << -shift, 0) if shift < 0 else (multiplier, -shift)
