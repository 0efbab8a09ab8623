/* CONV_2D: parameters shared by every variant. */
#ifndef NH_CONV_H
#define NH_CONV_H
#include "../include/nh.h"

typedef struct {
    int32_t x_t, x_f, x_c; /* input [x_t, x_f, x_c] */
    int32_t y_t, y_f, y_c; /* output */
    int32_t k_t, k_f;
    int32_t stride_t, stride_f, dilation_t, dilation_f;
    int32_t pad_t, pad_f; /* before the first frame and band */
    int32_t x_zero;
    int32_t y_zero, low, high;
    const int8_t *weights; /* [y_c, k_t, k_f, x_c] */
    const int32_t *bias;   /* [y_c] */
    const int32_t *multiplier, *shift;
} nh_conv_t;

#endif
