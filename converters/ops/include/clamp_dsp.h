/* Clamping of int8, four values in two instructions. */
#ifndef NH_CLAMP_DSP_H
#define NH_CLAMP_DSP_H
#include "dsp.h"

typedef struct {
    int32_t n;
    uint32_t low4, high4; /* the limit in each byte */
} nh_clamp4_t;

/* One statement each: clang drops an SSUB8 whose difference nobody reads, though SEL reads its flags. */
NH_INLINE uint32_t nh_max4(uint32_t a, uint32_t b) {
    uint32_t r;
    __asm("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

NH_INLINE uint32_t nh_min4(uint32_t a, uint32_t b) {
    uint32_t r;
    __asm("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

/* gcc 12's __ssat is not clean under -Wconversion. */
NH_INLINE uint32_t nh_ssat8(int32_t v) { return (uint32_t)__builtin_arm_ssat(v, 8); }

/* Saturated to int8, y0 in the lowest byte: four SSAT, two BFI, one PKHBT. */
NH_INLINE uint32_t nh_pack4(int32_t y0, int32_t y1, int32_t y2, int32_t y3) {
    uint32_t low = nh_ssat8(y0), high = nh_ssat8(y2);
    __asm("bfi %0, %1, #8, #8" : "+r"(low) : "r"(nh_ssat8(y1)));
    __asm("bfi %0, %1, #8, #8" : "+r"(high) : "r"(nh_ssat8(y3)));
    __asm("pkhbt %0, %0, %1, lsl #16" : "+r"(low) : "r"(high));
    return low;
}

NH_KERNEL void nh_clamp4_s8(const nh_clamp4_t *p, const int8_t *x, int8_t *y, void *scratch) {
    uint32_t low4 = p->low4, high4 = p->high4;
    int32_t n = p->n;
    (void)scratch;
    for (; n >= 4; n -= 4, x += 4, y += 4) {
        uint32_t w = nh_min4(nh_max4(nh_word(x), low4), high4);
        memcpy(y, &w, 4);
    }
    for (int32_t i = 0; i < n; i++) {
        y[i] = (int8_t)nh_clamp(x[i], (int8_t)low4, (int8_t)high4);
    }
}

#endif
