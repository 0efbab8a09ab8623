/* One row of values times few channels, portable: one channel after the other, nothing computed for none. */
#ifndef NH_FEW_H
#define NH_FEW_H
#include "../include/requantize.h"

NH_INLINE int32_t nh_dot(const int8_t *x, const int8_t *w, int32_t n) {
    int32_t sum = 0;
    for (; n >= 4; n -= 4, x += 4, w += 4) sum += x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
    for (; n > 0; n--) sum += *x++ * *w++;
    return sum;
}

/* Weights [y_c][depth]. */
NH_KERNEL __attribute__((noinline)) void nh_few(const int8_t *x, int32_t depth, const int8_t *w, const nh_channel_t *c,
                                                int8_t *y, int32_t y_c) {
    for (int32_t i = 0; i < y_c; i++, w += depth, c++) *y++ = nh_requantize_s8(c->bias + nh_dot(x, w, depth), c);
}

#endif
