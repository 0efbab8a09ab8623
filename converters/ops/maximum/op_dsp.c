/* MAXIMUM and MINIMUM, Armv7E-M: four values in two instructions. */
#include "op.h"
#include "../include/clamp_dsp.h"

NH_INLINE void nh_extreme_run(const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w, int largest) {
    int32_t n = w->n;
    uint32_t a4 = (uint8_t)*a * 0x01010101u, b4 = (uint8_t)*b * 0x01010101u;
    for (; n >= 4; n -= 4, y += 4) {
        if (w->a_step) a4 = nh_word(a), a += 4;
        if (w->b_step) b4 = nh_word(b), b += 4;
        uint32_t y4 = largest ? nh_max4(a4, b4) : nh_min4(a4, b4);
        memcpy(y, &y4, 4);
    }
    nh_extremes(a, b, y, n, w, largest);
}

NH_KERNEL void nh_maximum_dsp_run(const void *p, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    (void)p;
    nh_extreme_run(a, b, y, w, 1);
}

NH_KERNEL void nh_minimum_dsp_run(const void *p, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    (void)p;
    nh_extreme_run(a, b, y, w, 0);
}

NH_BROADCAST(maximum_dsp, nh_extreme_t, nh_maximum_dsp_run)
NH_BROADCAST(minimum_dsp, nh_extreme_t, nh_minimum_dsp_run)
