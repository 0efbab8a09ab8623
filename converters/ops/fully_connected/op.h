/* FULLY_CONNECTED: parameters shared by every variant. */
#ifndef NH_FULLY_CONNECTED_H
#define NH_FULLY_CONNECTED_H
#include "../include/requantize.h"

typedef struct {
    int32_t rows, depth, y_c; /* x [rows, depth], y [rows, y_c] */
    int32_t low, high;
    const void *weights;     /* as the variant wants them */
    const int32_t *channels; /* nh_channel_t of each channel, or only biases where the rest is one for all: */
    int32_t per_channel;
    int32_t uniform[3]; /* multiplier, right shift, rounding */
} nh_fully_connected_t;

#endif
