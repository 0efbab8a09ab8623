/* MAX_POOL_2D, Armv8.1-M MVE: sixteen channels at once. */
#include "../include/mve.h"
#include "../include/pool.h"

NH_INLINE void nh_mve_largest(const nh_pool_window_t *w, int32_t c, int8_t *y, const nh_pool_t *p) {
    int8x16_t most = vdupq_n_s8((int8_t)p->low);
    for (int32_t t = 0; t < w->rows; t++) {
        const int8_t *at = nh_ring_row(w->x, w->first + t * w->row) + c;
        for (const int8_t *end = at + w->bytes; at != end; at += w->c) most = vmaxq_s8(most, vldrbq_s8(at));
    }
    vstrbq_s8(y + c, vminq_s8(most, vdupq_n_s8((int8_t)p->high)));
}

/* At least sixteen channels; some of the last may have been done already. */
NH_KERNEL void nh_max_pool_mve_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, y += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            for (int32_t c = 0; c < p->c; c += 16) nh_mve_largest(&w, nh_min(c, p->c - 16), y, p);
        }
    }
}

NH_KERNEL void nh_max_pool_mve_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_max_pool_mve_ring_s8(p, &plain, y, scratch);
}
