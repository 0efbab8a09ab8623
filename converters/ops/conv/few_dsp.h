/* One row of values times few channels, for Armv7E-M: one channel after the other, nothing computed for none. */
#ifndef NH_FEW_DSP_H
#define NH_FEW_DSP_H
#include "../include/dsp.h"

NH_INLINE int32_t nh_four_dsp(uint32_t x, uint32_t w, int32_t sum) {
    return nh_smlad(nh_odd(x), nh_odd(w), nh_smlad(nh_even(x), nh_even(w), sum));
}

NH_INLINE int32_t nh_dot_dsp(const int8_t *x, const int8_t *w, int32_t n) {
    int32_t sum = 0;
    for (; n >= 8; n -= 8, x += 8, w += 8)
        sum = nh_four_dsp(nh_word(x + 4), nh_word(w + 4), nh_four_dsp(nh_word(x), nh_word(w), sum));
    if (n >= 4) sum = nh_four_dsp(nh_word(x), nh_word(w), sum), n -= 4, x += 4, w += 4;
    return n ? nh_four_dsp(nh_tail(x, n), nh_tail(w, n), sum) : sum;
}

/* Weights [y_c][depth]. */
NH_KERNEL __attribute__((noinline)) void nh_few_dsp(const int8_t *x, int32_t depth, const int8_t *w,
                                                    const nh_channel_t *c, int8_t *y, int32_t y_c) {
    for (int32_t i = 0; i < y_c; i++, w += depth, c++) *y++ = nh_requantize_s8(c->bias + nh_dot_dsp(x, w, depth), c);
}

#endif
