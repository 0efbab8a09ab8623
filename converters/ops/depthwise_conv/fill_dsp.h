/* Bytes of four channels to four planes of int16, for Armv7E-M. */
#ifndef NH_DEPTHWISE_FILL_DSP_H
#define NH_DEPTHWISE_FILL_DSP_H
#include "../include/dsp.h"

/* Two positions of four channels each step, from words at `at` to int16 in four planes from `a`. */
NH_INLINE void nh_fill_four(const int8_t *at, int32_t step, int16_t *a, int32_t plane_bytes, int32_t pairs) {
    uint32_t b, c, d, w0, w1, p0, p1;
    __asm volatile(
        "add %[b], %[a], %[size]\n\t"
        "add %[c], %[b], %[size]\n\t"
        "add %[d], %[c], %[size]\n\t"
        "1:\n\t"
        "ldr %[w0], [%[at]]\n\t"
        "ldr %[w1], [%[at], %[step]]\n\t"
        "add %[at], %[at], %[step], lsl #1\n\t"
        "pkhbt %[p0], %[w0], %[w1], lsl #16\n\t"
        "pkhtb %[p1], %[w1], %[w0], asr #16\n\t"
        "sxtb16 %[w0], %[p0]\n\t"
        "sxtb16 %[w1], %[p0], ror #8\n\t"
        "str %[w0], [%[a]], #4\n\t"
        "str %[w1], [%[b]], #4\n\t"
        "sxtb16 %[w0], %[p1]\n\t"
        "sxtb16 %[w1], %[p1], ror #8\n\t"
        "str %[w0], [%[c]], #4\n\t"
        "str %[w1], [%[d]], #4\n\t"
        "subs %[n], #1\n\t"
        "bne 1b\n\t"
        : [at] "+r"(at), [a] "+r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [w0] "=&r"(w0), [w1] "=&r"(w1),
          [p0] "=&r"(p0), [p1] "=&r"(p1), [n] "+r"(pairs)
        : [step] "r"(step), [size] "r"(plane_bytes)
        : "cc", "memory");
}

#endif
