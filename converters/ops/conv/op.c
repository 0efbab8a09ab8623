/* CONV_2D, portable: two channels times two positions at a time. */
#include "op.h"

/* Two windows of `depth` values times all channels. */
NH_KERNEL void nh_conv_2(const nh_conv_t *p, const int8_t *x0, const int8_t *x1, int8_t *y0, int8_t *y1) {
    const nh_channel_t *c = p->channels;
    const int8_t *w = p->weights;
    int32_t depth = p->k_t * p->k_f * p->x_c;
    for (int32_t left = p->y_c; left > 0; left -= 2, c += 2) {
        const nh_channel_t *d = c + (left > 1);
        int32_t a0 = c->bias, a1 = a0, b0 = d->bias, b1 = b0;
        for (int32_t k = 0; k < depth; k++, w += 2) {
            int32_t u = x0[k], v = x1[k], a = w[0], b = w[1];
            a0 += u * a, a1 += v * a, b0 += u * b, b1 += v * b;
        }
        *y0++ = nh_requantize_s8(a0, c), *y1++ = nh_requantize_s8(a1, c);
        if (left > 1) *y0++ = nh_requantize_s8(b0, d), *y1++ = nh_requantize_s8(b1, d);
    }
}

NH_KERNEL void nh_conv_flat_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f;
    int8_t *const start = y;
    (void)scratch;
    for (int32_t left = count; left > 0; left -= 2, x += 2 * p->step, y += 2 * p->y_c) {
        int32_t second = left > 1;
        nh_conv_2(p, x, x + second * p->step, y, y + second * p->y_c);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, t = 0, f = 0;
    int8_t *const start = y, *const windows = scratch;
    for (int32_t left = count; left > 0; left -= 2, y += 2 * p->y_c) {
        int32_t second = left > 1;
        nh_windows(p, x, &t, &f, 1 + second, windows);
        nh_conv_2(p, windows, windows + second * depth, y, y + second * p->y_c);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_s8(p, &ring, y, scratch);
}
