/* MAX_POOL_2D, portable. */
#include "../include/pool.h"

NH_INLINE void nh_max_row(const nh_pool_window_t *w, const int8_t *at, int8_t *y) {
    for (const int8_t *end = at + w->bytes; at != end; at += w->c) {
        for (int32_t c = 0; c < w->c; c++) {
            if (at[c] > y[c]) y[c] = at[c];
        }
    }
}

NH_KERNEL void nh_max_pool_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int8_t *out = y;
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, out += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            memset(out, -128, (size_t)p->c);
            for (int32_t i = 0; i < w.rows; i++) nh_max_row(&w, nh_ring_row(x, w.first + i * w.row), out);
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->c, p->low, p->high);
}

NH_KERNEL void nh_max_pool_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_max_pool_ring_s8(p, &plain, y, scratch);
}
