/* AVERAGE_POOL_2D, portable. */
#include "mean.h"

NH_INLINE void nh_average_one(const nh_pool_window_t *w, int32_t c, int8_t *y, uint32_t reciprocal) {
    int32_t sum = 0;
    for (int32_t t = 0; t < w->rows; t++) {
        const int8_t *at = nh_ring_row(w->x, w->first + t * w->row), *end = at + w->bytes;
        for (; at != end; at += w->c) sum += at[c];
    }
    y[c] = (int8_t)nh_mean(sum, w->count, reciprocal);
}

NH_INLINE void nh_average_four(const nh_pool_window_t *w, int32_t c, int8_t *y, uint32_t reciprocal) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t t = 0; t < w->rows; t++) {
        const int8_t *at = nh_ring_row(w->x, w->first + t * w->row) + c, *end = at + w->bytes;
        for (; at != end; at += w->c) {
            s0 += at[0];
            s1 += at[1];
            s2 += at[2];
            s3 += at[3];
        }
    }
    y[c] = (int8_t)nh_mean(s0, w->count, reciprocal);
    y[c + 1] = (int8_t)nh_mean(s1, w->count, reciprocal);
    y[c + 2] = (int8_t)nh_mean(s2, w->count, reciprocal);
    y[c + 3] = (int8_t)nh_mean(s3, w->count, reciprocal);
}

NH_KERNEL void nh_average_pool_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int8_t *out = y;
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, out += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            uint32_t reciprocal = nh_reciprocal(p, w.count);
            int32_t c = 0;
            for (; c + 4 <= p->c; c += 4) nh_average_four(&w, c, out, reciprocal);
            for (; c < p->c; c++) nh_average_one(&w, c, out, reciprocal);
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->c, p->low, p->high);
}

NH_KERNEL void nh_average_pool_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_average_pool_ring_s8(p, &plain, y, scratch);
}
