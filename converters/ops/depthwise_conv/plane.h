/* Depthwise convolution channel by channel: a channel's map is copied, padded, to a plane in scratch before the
   first of its outputs is written; so the output may lie over the input. The plane runs along the longer axis. */
#ifndef NH_DEPTHWISE_PLANE_H
#define NH_DEPTHWISE_PLANE_H
#include "../include/requantize.h"

typedef struct {
    int32_t channels;
    int32_t x_inner, x_outer;           /* values inside the padding */
    int32_t x_inner_step, x_outer_step; /* bytes to the next in the input */
    int32_t y_inner, y_outer;
    int32_t y_inner_step, y_outer_step;
    int32_t row;          /* values of a row of the plane */
    int32_t stride_outer; /* rows of the plane */
    int32_t origin;       /* of the first window in the plane, in values */
    int32_t inside;       /* of the first value inside the padding, likewise */
    int32_t size;         /* of a plane in values */
    int32_t lanes;        /* planes that are filled together */
    int32_t band;         /* rows of outputs for which the DSP kernel's planes are filled at a time */
    int32_t pad_outer;
    int32_t x_zero, y_zero, low, high;
    const void *channel; /* constants, packed as each variant says */
    int32_t channel_bytes;
    const int32_t *passes; /* the portable kernel's: places of three taps each from the window's first, in values */
    int32_t pass_count; /* at least 2 */
    int32_t threes;     /* what threes.h calls back; -1 where the passes are no 3 x 3 window or outputs too few */
} nh_plane_t;

#endif
