/* Armv7E-M and Armv8-M with DSP: the instructions that the kernels name. */
#ifndef NH_DSP_H
#define NH_DSP_H
#include <arm_acle.h>
#include "requantize.h"

/* Bytes 0 and 2 of a word as two int16, bytes 1 and 3 as two int16. */
NH_INLINE uint32_t nh_even(uint32_t w) { return (uint32_t)__sxtb16((int8x4_t)w); }
NH_INLINE uint32_t nh_odd(uint32_t w) {
    uint32_t r;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(w));
    return r;
}

/* sum + the two products of int16 halves. */
NH_INLINE int32_t nh_smlad(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

/* One LDR from anywhere. */
NH_INLINE uint32_t nh_word(const void *at) {
    uint32_t w;
    memcpy(&w, at, 4);
    return w;
}

/* The n = 1..3 bytes there, then zeros; nothing beyond them is read. */
NH_INLINE uint32_t nh_tail(const int8_t *at, int32_t n) {
    uint32_t w = (uint8_t)at[0];
    if (n > 1) w |= (uint32_t)(uint8_t)at[1] << 8;
    if (n > 2) w |= (uint32_t)(uint8_t)at[2] << 16;
    return w;
}

/* (2**32 * c + a * b + 2**31) >> 32. GCC 12's ACLE has no name for it. */
NH_INLINE int32_t nh_smmlar(int32_t a, int32_t b, int32_t c) {
    int32_t r;
    __asm("smmlar %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));
    return r;
}

/* nh_requantize and the clamp to int8 from twice the accumulator, which an ADD with a shifted operand makes for
   nothing: six instructions with the store. */
NH_INLINE int32_t nh_requantize_dsp(int32_t twice, int32_t multiplier, int32_t right, int32_t rounding) {
    return nh_saturate_s8(nh_smmlar(twice, multiplier, rounding + (twice >> 31)) >> right);
}

#endif
