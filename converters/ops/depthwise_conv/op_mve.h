/* DEPTHWISE_CONV_2D, Armv8.1-M MVE. */
#ifndef NH_DEPTHWISE_MVE_H
#define NH_DEPTHWISE_MVE_H
#include "../include/mve.h"
#include "op.h"
#include "taps.h"

typedef struct {
    nh_depthwise_t layer; /* weights: for each 16 channels in the order of mve.h their biases, [taps, 16], scaling */
    int32_t pairs, odd;   /* of taps, and whether there is one more */
    int32_t sixteens;     /* groups of channels */
    int32_t first_t, end_t, first_f, end_f; /* outputs whose windows have no tap in the padding */
    int32_t group_bytes;  /* of their constants */
    int32_t rectified;    /* NH_RECTIFIED or NH_SIGNED */
} nh_depthwise_mve_t;

#endif
