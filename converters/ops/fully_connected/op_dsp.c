/* FULLY_CONNECTED for Armv7E-M: four channels at a time, two products of two channels in one SMLAD. */
#include "../conv/row_dsp.h"
#include "op.h"

NH_INLINE void nh_fully_connected_rows(const nh_fully_connected_t *p, void (*kernel)(const nh_row_t *), const int8_t *x,
                                       int8_t *y) {
    nh_row_t row;
    row.channels = p->channels, row.weights = p->weights, row.uniform = p->uniform;
    for (int32_t i = 0; i < p->rows; i++) nh_row(&row, kernel, x + i * p->depth, p->depth, y + i * p->y_c, p->y_c);
    nh_clamp_s8(y, p->rows * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_fully_connected_s8_dsp(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_fully_connected_rows(p, nh_row_dsp, x, y);
}

/* One multiplier for all channels. */
NH_KERNEL void nh_fully_connected_uniform_s8_dsp(const nh_fully_connected_t *p, const int8_t *x, int8_t *y,
                                                 void *scratch) {
    (void)scratch;
    nh_fully_connected_rows(p, nh_row_uniform_dsp, x, y);
}

/* Weights that do not go in pairs. */
NH_KERNEL void nh_fully_connected_bytes_s8_dsp(const nh_fully_connected_t *p, const int8_t *x, int8_t *y,
                                               void *scratch) {
    (void)scratch;
    nh_fully_connected_rows(p, nh_row_bytes_dsp, x, y);
}

NH_KERNEL void nh_fully_connected_uniform_bytes_s8_dsp(const nh_fully_connected_t *p, const int8_t *x, int8_t *y,
                                                       void *scratch) {
    (void)scratch;
    nh_fully_connected_rows(p, nh_row_uniform_bytes_dsp, x, y);
}
