/* CONV_2D for Armv7E-M, one output position after the other: a stream's step. */
#include "op.h"
#include "row_dsp.h"

NH_INLINE void nh_conv_rows_dsp(const nh_conv_t *p, void (*kernel)(const nh_row_t *), const int8_t *x, int8_t *y) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c;
    nh_row_t row;
    row.channels = p->channels, row.weights = p->weights;
    for (int32_t i = 0; i < count; i++) nh_row(&row, kernel, x + i * p->step, depth, y + i * p->y_c, p->y_c);
    nh_clamp_s8(y, count * p->y_c, p->low, p->high);
}

NH_INLINE void nh_conv_gathered_rows_dsp(const nh_conv_t *p, void (*kernel)(const nh_row_t *), const nh_ring_t *x,
                                         int8_t *y, int8_t *window) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, t = 0, f = 0;
    nh_row_t row;
    row.channels = p->channels, row.weights = p->weights;
    for (int32_t i = 0; i < count; i++) {
        nh_windows(p, x, &t, &f, 1, window);
        nh_row(&row, kernel, window, depth, y + i * p->y_c, p->y_c);
    }
    nh_clamp_s8(y, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_flat_row_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_conv_rows_dsp(p, nh_row_dsp, x, y);
}

NH_KERNEL void nh_conv_ring_row_s8_dsp(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_conv_gathered_rows_dsp(p, nh_row_dsp, x, y, scratch);
}

NH_KERNEL void nh_conv_row_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_row_s8_dsp(p, &ring, y, scratch);
}

/* Weights that do not go in pairs. */
NH_KERNEL void nh_conv_flat_bytes_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_conv_rows_dsp(p, nh_row_bytes_dsp, x, y);
}

NH_KERNEL void nh_conv_ring_bytes_s8_dsp(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_conv_gathered_rows_dsp(p, nh_row_bytes_dsp, x, y, scratch);
}

NH_KERNEL void nh_conv_bytes_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_bytes_s8_dsp(p, &ring, y, scratch);
}
