/* DEPTHWISE_CONV_2D, Armv8.1-M MVE. */
#ifndef NH_DEPTHWISE_MVE_H
#define NH_DEPTHWISE_MVE_H
#include "../include/mve.h"
#include "op.h"
#include "taps.h"

typedef struct {
    nh_depthwise_t layer;   /* weights: as the kernel says; bias, multiplier and shift are not used */
    int32_t pairs;          /* of taps; a window of an odd number has one more, of weight 0 */
    nh_mve_output_t output; /* channels in the order of mve.h */
} nh_depthwise_mve_t;

#endif
