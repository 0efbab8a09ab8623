/* FULLY_CONNECTED, portable: four channels at a time. */
#include "../conv/row.h"
#include "op.h"

NH_INLINE void nh_fully_connected_fours(const nh_fully_connected_t *p, void (*kernel)(const nh_fours_t *),
                                        const int8_t *x, int8_t *y) {
    nh_fours_t row;
    row.channels = p->channels, row.weights = p->weights, row.uniform = p->uniform;
    for (int32_t i = 0; i < p->rows; i++)
        nh_row_of_fours(&row, kernel, x + i * p->depth, p->depth, y + i * p->y_c, p->y_c);
    nh_clamp_s8(y, p->rows * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_fully_connected_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_fully_connected_fours(p, nh_fours, x, y);
}

/* One multiplier for all channels. */
NH_KERNEL void nh_fully_connected_uniform_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y,
                                             void *scratch) {
    (void)scratch;
    nh_fully_connected_fours(p, nh_fours_uniform, x, y);
}
