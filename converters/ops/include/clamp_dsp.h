/* Clamping of int8, four values in two instructions. */
#ifndef NH_CLAMP_DSP_H
#define NH_CLAMP_DSP_H
#include "dsp.h"

typedef struct {
    int32_t n;
    uint32_t low4, high4; /* the limit in each byte */
} nh_clamp4_t;

NH_INLINE uint32_t nh_max4(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b); /* sets the flags that __sel reads */
    return __sel(a, b);
}

NH_INLINE uint32_t nh_min4(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);
    return __sel(b, a);
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
