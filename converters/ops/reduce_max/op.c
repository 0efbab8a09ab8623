/* REDUCE_MAX. */
#include "../include/reduce.h"

NH_KERNEL void nh_reduce_max_s8(const nh_reduce_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    NH_REDUCE(p, x, y, nh_reduce_max(p, at_))
}
