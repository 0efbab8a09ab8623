/* MEAN and SUM: with the count in the multiplier they are one. */
#include "../include/reduce.h"

typedef struct {
    nh_reduce_t loops;
    int32_t bias; /* less the zero points of all inputs of an output */
    int32_t multiplier, shift, y_zero;
} nh_mean_t;

NH_INLINE int32_t nh_mean_one(const nh_mean_t *p, const int8_t *x) {
    int32_t sum = nh_reduce_sum(&p->loops, x) + p->bias;
    return nh_clamp(nh_multiply(sum, p->multiplier, p->shift) + p->y_zero, -128, 127);
}

NH_KERNEL void nh_mean_s8(const nh_mean_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    NH_REDUCE(&p->loops, x, y, nh_mean_one(p, at_))
}
