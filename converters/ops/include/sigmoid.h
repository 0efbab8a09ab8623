/* Logistic and tanh of int16 from one table: Q3.12 in, Q0.15 out. */
#ifndef NH_SIGMOID_H
#define NH_SIGMOID_H
#include "nh.h"

/* The table [256] at a place with `bits` of fraction; beyond its end, `most`. */
NH_INLINE int32_t nh_sigmoid_between(const uint16_t *table, int32_t at, int32_t bits, int32_t most) {
    int32_t index = at >> bits, part = at & ((1 << bits) - 1);
    if (index >= 255) return most;
    return ((int32_t)table[index] << bits) + part * (table[index + 1] - table[index]);
}

NH_INLINE int32_t nh_logistic_q15(const uint16_t *table, int32_t x_q12) {
    int32_t at = 3 * x_q12, value = nh_sigmoid_between(table, at < 0 ? -at : at, 9, 0x7FFF << 10);
    return (at >= 0 ? value + (1 << 9) : (1 << 25) - value + (1 << 9) - 1) >> 10;
}

/* x * multiplier / 2**shift is 3 * 2**12 for 1. */
NH_INLINE int32_t nh_tanh_q15(const uint16_t *table, int32_t x, int32_t multiplier, int32_t shift) {
    int32_t at = (x * multiplier + (int32_t)((1u << shift) >> 1)) >> shift;
    int32_t value = nh_sigmoid_between(table, at < 0 ? -at : at, 8, 0xFFFF << 8);
    return (at >= 0 ? value - (1 << 23) + (1 << 7) : (1 << 23) - value + (1 << 7) - 1) >> 8;
}

#endif
