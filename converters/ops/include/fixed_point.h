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

#endif
