/* FULLY_CONNECTED, portable: eight or four channels at a time. */
#include "../conv/row.h"
#include "op.h"

NH_INLINE void nh_fully_connected_eights(const nh_fully_connected_t *p, const int32_t *scale, int32_t uniform,
                                         const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < p->rows; i++, x += p->depth, y += p->y_c)
        nh_eights(p->weights, p->channels, scale, uniform, x, p->depth, y, p->y_c);
    nh_clamp_s8(y - p->rows * p->y_c, p->rows * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_fully_connected_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_fully_connected_eights(p, p->channels + 1, 0, x, y);
}

/* One multiplier for all channels. */
NH_KERNEL void nh_fully_connected_uniform_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y,
                                             void *scratch) {
    (void)scratch;
    nh_fully_connected_eights(p, p->uniform, 1, x, y);
}
