/* CONV_2D with one output position, for Armv7E-M: a stream's step. */
#include "op.h"
#include "row_dsp.h"

NH_INLINE void nh_conv_position_dsp(const nh_conv_t *p, const int8_t *window, int8_t *y) {
    nh_row_t row;
    row.channels = p->channels, row.weights = p->weights;
    nh_row(&row, nh_row_dsp, window, p->k_t * p->k_f * p->x_c, y, p->y_c);
    nh_clamp_s8(y, p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_flat_row_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_conv_position_dsp(p, x, y);
}

NH_KERNEL void nh_conv_ring_row_s8_dsp(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_window(p, x, 0, 0, scratch);
    nh_conv_position_dsp(p, scratch, y);
}

NH_KERNEL void nh_conv_row_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_row_s8_dsp(p, &ring, y, scratch);
}
