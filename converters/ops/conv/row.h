/* One row of values times all weights, portable: FULLY_CONNECTED, and CONV_2D with one output position. */
#ifndef NH_ROW_H
#define NH_ROW_H
#include "../include/requantize.h"

/* Members of nh_channel_t: bias, and multiplier, right shift, rounding; steps in words from one channel to the
   next: 1 and 0 where only the bias differs. */
typedef struct {
    const int32_t *bias, *scale;
    int32_t bias_step, scale_step;
} nh_constants_t;

NH_INLINE int8_t nh_row_value(const nh_constants_t *c, int32_t i, int32_t sum) {
    const int32_t *scale = c->scale + i * c->scale_step;
    return (int8_t)nh_saturate_s8(nh_requantize(sum + c->bias[i * c->bias_step], scale[0], scale[1], scale[2]));
}

/* Sums of four channels over depth values, weights [depth][4]; gives the weights of the next four. Alone, so that its
   loop has all registers. */
NH_KERNEL __attribute__((noinline)) const int8_t *nh_row_sums(const int8_t *x, int32_t depth, const int8_t *w,
                                                              int32_t sums[4]) {
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (const int8_t *const end = x + (depth & ~1); x != end; w += 8) {
        int32_t u = *x++, v = *x++;
        a += u * w[0], b += u * w[1], c += u * w[2], d += u * w[3];
        a += v * w[4], b += v * w[5], c += v * w[6], d += v * w[7];
    }
    if (depth & 1) {
        int32_t u = *x;
        a += u * w[0], b += u * w[1], c += u * w[2], d += u * w[3];
        w += 4;
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
    return w;
}

/* Four channels at a time, weights [group][depth][4]; the last group is the last four channels, whatever was
   before, and of fewer than four the last is repeated. */
NH_KERNEL __attribute__((noinline)) void nh_row_s8(const int8_t *x, int32_t depth, const int8_t *w,
                                                   const nh_constants_t *constants, int8_t *y, int32_t y_c) {
    for (int32_t i = 0; i < y_c; i += 4) {
        int32_t sums[4], first = nh_max(nh_min(i, y_c - 4), 0);
        w = nh_row_sums(x, depth, w, sums);
        for (int32_t j = 0; j < 4 && j < y_c; j++) y[first + j] = nh_row_value(constants, i + j, sums[j]);
    }
}

#endif
