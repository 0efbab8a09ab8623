/* TRANSPOSE_CONV, portable: each output gathers the inputs that reach it, so no accumulators are kept. */
#include "../include/nh.h"

typedef struct {
    int32_t batch, x_t, x_f, x_c; /* input [batch, x_t, x_f, x_c] */
    int32_t y_t, y_f, y_c;        /* output */
    int32_t k_t, k_f, stride_t, stride_f;
    int32_t pad_t, pad_f; /* first output within the whole sum */
    int32_t x_zero, y_zero, low, high;
    const int8_t *weights; /* [y_c, k_t, k_f, x_c] */
    const int32_t *bias;   /* [y_c] */
    const int32_t *multiplier, *shift;
} nh_transpose_conv_t;

/* Sum over one row of x of the taps that hit place `f`; `w` is the row's [k_f, x_c]. */
NH_INLINE int32_t nh_transpose_conv_row(const nh_transpose_conv_t *p, const int8_t *x, const int8_t *w, int32_t f) {
    int32_t sum = 0;
    for (int32_t j = f % p->stride_f; j < p->k_f && j <= f; j += p->stride_f) {
        int32_t band = (f - j) / p->stride_f;
        const int8_t *in = x + band * p->x_c, *tap = w + j * p->x_c;
        if (band >= p->x_f) continue;
        for (int32_t k = 0; k < p->x_c; k++) sum += (in[k] - p->x_zero) * tap[k];
    }
    return sum;
}

NH_KERNEL void nh_transpose_conv_s8(const nh_transpose_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t x_row = p->x_f * p->x_c, w_row = p->k_f * p->x_c;
    (void)scratch;
    for (int32_t n = 0; n < p->batch; n++, x += p->x_t * x_row) {
        for (int32_t t = p->pad_t; t < p->pad_t + p->y_t; t++) {
            for (int32_t f = p->pad_f; f < p->pad_f + p->y_f; f++) {
                for (int32_t c = 0; c < p->y_c; c++) {
                    const int8_t *w = p->weights + c * p->k_t * w_row;
                    int32_t sum = p->bias[c];
                    for (int32_t i = t % p->stride_t; i < p->k_t && i <= t; i += p->stride_t) {
                        int32_t row = (t - i) / p->stride_t;
                        if (row < p->x_t) sum += nh_transpose_conv_row(p, x + row * x_row, w + i * w_row, f);
                    }
                    sum = nh_multiply(sum, p->multiplier[c], p->shift[c]) + p->y_zero;
                    *y++ = (int8_t)nh_clamp(sum, p->low, p->high);
                }
            }
        }
    }
}
