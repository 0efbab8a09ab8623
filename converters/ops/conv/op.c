/* CONV_2D, portable. */
#include "op.h"

NH_KERNEL void nh_conv_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++) {
            for (int32_t c = 0; c < p->y_c; c++) {
                int32_t sum = p->bias[c];
                const int8_t *w = p->weights + c * p->k_t * p->k_f * p->x_c;
                for (int32_t i = 0; i < p->k_t; i++) {
                    for (int32_t j = 0; j < p->k_f; j++, w += p->x_c) {
                        int32_t row = t * p->stride_t - p->pad_t + i * p->dilation_t;
                        int32_t band = f * p->stride_f - p->pad_f + j * p->dilation_f;
                        if (row < 0 || row >= p->x_t || band < 0 || band >= p->x_f) continue;
                        const int8_t *at = x + (row * p->x_f + band) * p->x_c;
                        for (int32_t k = 0; k < p->x_c; k++) sum += (at[k] - p->x_zero) * w[k];
                    }
                }
                sum = nh_multiply(sum, p->multiplier[c], p->shift[c]) + p->y_zero;
                *y++ = (int8_t)nh_clamp(sum, p->low, p->high);
            }
        }
    }
}
