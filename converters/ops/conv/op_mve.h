/* CONV_2D and what runs as one, Armv8.1-M MVE. */
#ifndef NH_CONV_MVE_H
#define NH_CONV_MVE_H
#include "../include/mve.h"
#include "../include/ring.h"

typedef struct {
    int32_t x_t, x_f, x_c; /* input [x_t, x_f, x_c] */
    int32_t y_t, y_f, y_c; /* output */
    int32_t k_t;
    int32_t stride_t, stride_f, dilation_t, dilation_f;
    int32_t pad_t, pad_f;  /* before the first frame and band */
    int32_t window;        /* bytes of one */
    int32_t step;          /* bytes from a window to the next in its frame */
    int32_t runs, run;     /* the strip's columns: `run` of them `dilation_f` bands apart, every `stride_f` bands */
    int32_t x_zero;
    int32_t sums, zeros;   /* bytes of scratch: accumulators; padding, a column or a vector's load, if there is any */
    int32_t lump;          /* columns that are moved into the strip at once, lane i to places[i]; 0: x_c is large */
    uint8_t places[16];
    const int8_t *weights; /* for each 4 channels: their bias, then [window / 16, 4, 16], in the order of mve.h */
    nh_mve_output_t output;
} nh_conv_mve_t;

#endif
