/* FULLY_CONNECTED for scales, sums and zero points of weights that no other variant takes; sums wrap as in TFLM. */
#include "op.h"

NH_KERNEL void nh_fully_connected_any_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int8_t *to = y;
    (void)scratch;
    for (int32_t i = 0; i < p->rows; i++, x += p->depth) {
        const int16_t *w = p->weights; /* zero point taken off */
        for (int32_t j = 0; j < p->y_c; j++) {
            const int32_t *c = p->channels + 4 * j; /* bias, multiplier, shift (to the left if positive), y_zero */
            uint32_t sum = (uint32_t)c[0];
            for (int32_t k = 0; k < p->depth; k++) sum += (uint32_t)(x[k] * *w++);
            *to++ = (int8_t)nh_saturate_s8(nh_multiply((int32_t)sum, c[1], c[2]) + c[3]);
        }
    }
    nh_clamp_s8(y, p->rows * p->y_c, p->low, p->high);
}
