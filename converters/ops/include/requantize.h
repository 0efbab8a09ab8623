/* Accumulators to int8 with TFLM's two roundings; converters/requantize.py derives the forms and their bounds. */
#ifndef NH_REQUANTIZE_H
#define NH_REQUANTIZE_H
#include "nh.h"

/* What one output channel needs where Requantization.narrow. */
typedef struct {
    int32_t bias, multiplier, right, rounding;
} nh_channel_t;

/* GCC makes one SSAT of two comparisons only outside loops: there it keeps the limits in registers. */
#if defined(__ARM_FEATURE_SAT)
NH_INLINE int32_t nh_saturate_s8(int32_t v) { return (int32_t)__builtin_arm_ssat(v, 8); }
#else
NH_INLINE int32_t nh_saturate_s8(int32_t v) { return nh_clamp(v, -128, 127); }
#endif

/* The zero point and one half, before the right shift (>= 1): constant for a channel. */
NH_INLINE int32_t nh_rounding(int32_t y_zero, int32_t right) {
    return (int32_t)((uint32_t)(2 * y_zero + 1) << (right - 1));
}

#if defined(__ARM_ARCH_6M__)
/* No long multiply: four of 16 x 16 bits. The middle sum is made unsigned by 2**30, which 2**15 takes back. */
NH_INLINE int32_t nh_scaled(int32_t acc, int32_t multiplier, int32_t addend) {
    uint32_t low = (uint32_t)acc & 0xffffu, m_low = (uint32_t)multiplier & 0xffffu;
    uint32_t high = (uint32_t)(acc >> 16), m_high = (uint32_t)multiplier >> 16;
    uint32_t middle = ((low * m_low) >> 16) + low * m_high + high * m_low + ((1u << 30) + (1u << 14));
    return (int32_t)((middle >> 15) + 2u * high * m_high - (1u << 15) + (uint32_t)addend);
}
#else
/* high_mul(acc, multiplier) + addend for |acc| < 2**30: SMLAL, of which the upper word counts. */
NH_INLINE int32_t nh_scaled(int32_t acc, int32_t multiplier, int32_t addend) {
    return (int32_t)(((int64_t)(acc * 2) * multiplier + (int64_t)(((uint64_t)(uint32_t)addend << 32) | 0x80000000u)) >> 32);
}
#endif

/* With the zero point, not yet clamped; where Requantization.narrow. */
NH_INLINE int32_t nh_requantize(int32_t acc, int32_t multiplier, int32_t right, int32_t rounding) {
    return nh_scaled(acc, multiplier, rounding + (acc >> 31)) >> right;
}

NH_INLINE int8_t nh_requantize_s8(int32_t acc, const nh_channel_t *c) {
    return (int8_t)nh_saturate_s8(nh_requantize(acc, c->multiplier, c->right, c->rounding));
}

/* For a fused activation that leaves less than int8: after the kernel, over all that it wrote. */
NH_INLINE void nh_clamp_s8(int8_t *y, int32_t n, int32_t low, int32_t high) {
    if (low == -128 && high == 127) return;
    for (int32_t i = 0; i < n; i++) y[i] = (int8_t)nh_clamp(y[i], low, high);
}

#endif
