/* AVERAGE_POOL_2D, Armv7E-M: four channels in a word, int16 sums; for windows of at most 255 values. */
#include "../include/dsp.h"
#include "mean.h"

/* sums of even and odd bytes + those of a word. */
NH_INLINE void nh_sum_word(uint32_t word, uint32_t *even, uint32_t *odd) {
    __asm("sxtab16 %0, %0, %1" : "+r"(*even) : "r"(word));
    __asm("sxtab16 %0, %0, %1, ror #8" : "+r"(*odd) : "r"(word));
}

NH_INLINE void nh_average_word(const nh_pool_window_t *w, int32_t c, int8_t *y, uint32_t reciprocal) {
    uint32_t even = 0, odd = 0;
    for (int32_t t = 0; t < w->rows; t++) {
        const int8_t *at = nh_ring_row(w->x, w->first + t * w->row) + c, *end = at + w->bytes;
        if (w->bands & 1) {
            nh_sum_word(nh_word(at), &even, &odd);
            at += w->c;
        }
        for (; at < end; at += 2 * w->c) {
            nh_sum_word(nh_word(at), &even, &odd);
            nh_sum_word(nh_word(at + w->c), &even, &odd);
        }
    }
    y[c] = (int8_t)nh_mean((int16_t)even, w->count, reciprocal);
    y[c + 1] = (int8_t)nh_mean((int16_t)odd, w->count, reciprocal);
    y[c + 2] = (int8_t)nh_mean((int32_t)even >> 16, w->count, reciprocal);
    y[c + 3] = (int8_t)nh_mean((int32_t)odd >> 16, w->count, reciprocal);
}

/* At least four channels; the last four may have been done already. */
NH_KERNEL void nh_average_pool_dsp_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int8_t *out = y;
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, out += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            uint32_t reciprocal = nh_reciprocal(p, w.count);
            for (int32_t c = 0; c < p->c; c += 4) nh_average_word(&w, nh_min(c, p->c - 4), out, reciprocal);
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->c, p->low, p->high);
}

NH_KERNEL void nh_average_pool_dsp_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_average_pool_dsp_ring_s8(p, &plain, y, scratch);
}
