/* CONV_2D for the scales and sums that no other variant takes; sums wrap as they do in TFLM. */
#include "op.h"

NH_INLINE void nh_conv_any(const nh_conv_t *p, const int8_t *x, int8_t *y) {
    const nh_channel_t *c = p->channels; /* here: right is the shift, to the left if positive, rounding y_zero */
    const int8_t *w = p->weights;
    int32_t depth = p->k_t * p->k_f * p->x_c;
    for (int32_t left = p->y_c; left > 0; left--, c++) {
        uint32_t sum = (uint32_t)c->bias;
        for (int32_t k = 0; k < depth; k++) sum += (uint32_t)(x[k] * *w++);
        *y++ = (int8_t)nh_saturate_s8(nh_multiply((int32_t)sum, c->multiplier, c->right) + c->rounding);
    }
}

NH_KERNEL void nh_conv_flat_any_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f;
    (void)scratch;
    for (int32_t i = 0; i < count; i++) nh_conv_any(p, x + i * p->step, y + i * p->y_c);
    nh_clamp_s8(y, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_any_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, t = 0, f = 0;
    for (int32_t i = 0; i < count; i++) {
        nh_windows(p, x, &t, &f, 1, scratch);
        nh_conv_any(p, scratch, y + i * p->y_c);
    }
    nh_clamp_s8(y, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_any_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_any_s8(p, &ring, y, scratch);
}
