/* MUL: parameters shared by every variant. */
#ifndef NH_MUL_H
#define NH_MUL_H
#include "../include/broadcast.h"
#include "../include/requantize.h"

typedef struct {
    nh_walk_t walk;
    const int8_t *constant;
    int32_t a_zero, b_zero;
    int32_t multiplier, shift; /* to the right; nh_mul_wide: to the left where positive */
    int32_t y_zero, low, high;
} nh_mul_t;

#endif
