/* MAXIMUM and MINIMUM: parameters, and the run with steps. */
#ifndef NH_EXTREME_H
#define NH_EXTREME_H
#include "../include/broadcast.h"

typedef struct {
    nh_walk_t walk;
    const int8_t *constant;
} nh_extreme_t;

/* The last n values of a run. */
NH_INLINE void nh_extremes(const int8_t *a, const int8_t *b, int8_t *y, int32_t n, const nh_walk_t *w, int largest) {
    for (int32_t i = 0; i < n; i++, a += w->a_step, b += w->b_step) {
        y[i] = (int8_t)(largest ? nh_max(*a, *b) : nh_min(*a, *b));
    }
}

#endif
