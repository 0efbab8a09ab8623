/* MAXIMUM and MINIMUM, portable. */
#include "op.h"

NH_KERNEL void nh_maximum_run(const void *p, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    (void)p;
    nh_extremes(a, b, y, w->n, w, 1);
}

NH_KERNEL void nh_minimum_run(const void *p, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    (void)p;
    nh_extremes(a, b, y, w->n, w, 0);
}

NH_BROADCAST(maximum, nh_extreme_t, nh_maximum_run)
NH_BROADCAST(minimum, nh_extreme_t, nh_minimum_run)
