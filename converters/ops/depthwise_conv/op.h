/* DEPTHWISE_CONV_2D: what every variant knows of the layer. */
#ifndef NH_DEPTHWISE_CONV_H
#define NH_DEPTHWISE_CONV_H
#include "../include/requantize.h"

typedef struct {
    int32_t x_t, x_f, x_c; /* input [x_t, x_f, x_c] */
    int32_t y_t, y_f, y_c; /* output */
    int32_t k_t, k_f;
    int32_t stride_t, stride_f, dilation_t, dilation_f;
    int32_t pad_t, pad_f; /* before the first frame and band */
    int32_t pad_bytes;    /* 0, or one position of padding in scratch: x_c */
    int32_t x_zero, y_zero, low, high;
    int32_t filters;      /* output channels for each input channel */
    const void *weights; /* with what else a variant packs beside them */
    const int32_t *bias; /* [y_c], the input's zero point folded in */
    const int32_t *multiplier;
    const int8_t *shift; /* right, or as QuantizeMultiplier has it in the wide form */
} nh_depthwise_t;

#endif
