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

/* Four channels at a time, weights [group][depth][4]; the last group is the last four channels, whatever was
   before, and of fewer than four the last is repeated. */
NH_KERNEL void nh_row_s8(const int8_t *x, int32_t depth, const int8_t *w, const nh_constants_t *constants, int8_t *y,
                         int32_t y_c) {
    const int8_t *const end = x + depth;
    for (int32_t i = 0; i < y_c; i += 4) {
        int32_t first = nh_max(nh_min(i, y_c - 4), 0), a = 0, b = 0, c = 0, d = 0;
        for (const int8_t *v = x; v < end; v++, w += 4) {
            int32_t u = *v;
            a += u * w[0], b += u * w[1], c += u * w[2], d += u * w[3];
        }
        y[first] = nh_row_value(constants, i, a);
        if (y_c > 1) y[first + 1] = nh_row_value(constants, i + 1, b);
        if (y_c > 2) y[first + 2] = nh_row_value(constants, i + 2, c);
        if (y_c > 3) y[first + 3] = nh_row_value(constants, i + 3, d);
    }
}

#endif
