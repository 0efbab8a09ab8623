/* gemmlowp's functions of fixed-point numbers, as converters/fixed_point.py has them. */
#ifndef NH_FIXED_POINT_H
#define NH_FIXED_POINT_H
#include "nh.h"

/* Leading zeros of v > 0. */
NH_INLINE int32_t nh_clz(uint32_t v) { return __builtin_clz(v); }

/* x * 2**exponent within 32 bits, exponent >= 0. */
NH_INLINE int32_t nh_saturating_left(int32_t x, int32_t exponent) {
    if (x > INT32_MAX >> exponent) return INT32_MAX;
    if (x < INT32_MIN >> exponent) return INT32_MIN;
    return (int32_t)((uint32_t)x << exponent);
}

/* 1 / (1 + a) for a in [0, 1), Q0.31, by three Newton steps. */
NH_INLINE int32_t nh_one_over_one_plus(int32_t a) {
    int32_t half = (int32_t)(((uint32_t)a + 0x80000000u) >> 1);
    int32_t x = 1515870810 + nh_high_mul(half, -1010580540); /* 48/17 - 32/17 * half, in Q2.29 */
    for (int32_t i = 0; i < 3; i++) {
        int32_t correction = (1 << 29) - nh_high_mul(half, x);
        x += nh_saturating_left(nh_high_mul(x, correction), 2);
    }
    return nh_saturating_left(x, 1);
}

/* Natural logarithm in Q5.26 of x >= 1 in Q12.19; see log() in fixed_point.py. */
NH_INLINE int32_t nh_log_q5(int32_t x) {
    const int32_t sqrt_half = 1518500250, centre = 1805811301; /* sqrt(1/2), sqrt(sqrt(1/2)) */
    const int32_t quarter = 1 << 23;                           /* in Q6.25 */
    int32_t zeros = nh_clz((uint32_t)x), headroom = nh_clz((uint32_t)nh_high_mul(x, sqrt_half)) - 1;
    int32_t r_a = nh_saturating_left(nh_high_mul(nh_saturating_left(x, zeros - 1), sqrt_half), 1);
    int32_t r = nh_min(r_a, nh_saturating_left(x, headroom));
    int32_t pot = nh_max((12 - zeros) * (1 << 25) + quarter, (12 - headroom) * (1 << 25) - quarter);
    int32_t half = (int32_t)(((uint32_t)r + (uint32_t)centre + 1u) >> 1), q = 2 * (r - centre);
    int32_t square = nh_high_mul(q, q);
    int32_t numerator = nh_high_mul(q, r) + nh_high_mul(nh_high_mul(q, square), 117049297);
    int32_t denominator = nh_high_mul(half, 1057819769 + q + nh_high_mul(square, 127690142)) + nh_high_mul(q, 638450708);
    int32_t inverse = nh_one_over_one_plus(denominator);
    int32_t total = nh_high_mul(pot, 1488522236) + nh_high_mul(nh_divide_by_pot(numerator, 6), inverse); /* log(2) */
    return nh_saturating_left(total, 1);
}

#endif
