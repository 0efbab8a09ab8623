/* CONV_2D with one output position, portable: a stream's step. */
#include "op.h"
#include "row.h"

NH_INLINE void nh_conv_position(const nh_conv_t *p, const int8_t *window, int8_t *y) {
    const int32_t *c = p->channels;
    nh_eights(p->weights, c, c + 1, 0, window, p->k_t * p->k_f * p->x_c, y, p->y_c);
    nh_clamp_s8(y, p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_flat_row_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_conv_position(p, x, y);
}

NH_KERNEL void nh_conv_ring_row_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_window(p, x, 0, 0, scratch, p->k_f * p->x_c);
    nh_conv_position(p, scratch, y);
}

NH_KERNEL void nh_conv_row_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_row_s8(p, &ring, y, scratch);
}

/* Many positions, one after the other, each window gathered in scratch. */
NH_KERNEL void nh_conv_ring_rows_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, y += p->y_c) {
            nh_window(p, x, t, f, scratch, p->k_f * p->x_c);
            nh_conv_position(p, scratch, y);
        }
    }
}

NH_KERNEL void nh_conv_rows_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_rows_s8(p, &ring, y, scratch);
}
