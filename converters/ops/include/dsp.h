/* Armv7E-M and Armv8-M with DSP: the instructions that the kernels name. */
#ifndef NH_DSP_H
#define NH_DSP_H
#include <arm_acle.h>
#include "nh.h"

/* Bytes 0 and 2 of a word as two int16, bytes 1 and 3 as two int16. */
NH_INLINE uint32_t nh_even(uint32_t w) { return (uint32_t)__sxtb16(w); }
NH_INLINE uint32_t nh_odd(uint32_t w) { return (uint32_t)__sxtb16(__ror(w, 8)); }

/* One LDR from anywhere. */
NH_INLINE uint32_t nh_word(const void *at) {
    uint32_t w;
    memcpy(&w, at, 4);
    return w;
}

#endif
