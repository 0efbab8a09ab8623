/* AVERAGE_POOL_2D, Armv8.1-M MVE: eight channels at once, int16 sums; for windows of at most 255 values. */
#include "../include/mve.h"
#include "mean.h"

/* n rows of eight channels, c bytes apart, added to the sums. */
NH_INLINE int16x8_t nh_mve_add_rows(int16x8_t sums, const int8_t *at, int32_t c, int32_t n) {
    __asm volatile("dls lr, %[n]\n"
                   "1: vldrb.s16 q0, [%[at]]\n"
                   "add %[at], %[c]\n"
                   "vadd.i16 %q[sums], %q[sums], q0\n"
                   "le lr, 1b\n"
                   : [at] "+l"(at), [sums] "+w"(sums)
                   : [c] "r"(c), [n] "r"(n)
                   : "lr", "q0", "memory");
    return sums;
}

/* nh_mean of four. */
NH_INLINE int32x4_t nh_mve_means(int32x4_t sums, int32_t count, uint32_t reciprocal) {
    int32x4_t sign = vshrq_n_s32(sums, 31);
    uint32x4_t size = vreinterpretq_u32_s32(vaddq_n_s32(vabsq_s32(sums), count / 2));
    int32x4_t mean = vreinterpretq_s32_u32(vshrq_n_u32(vmulq_n_u32(size, reciprocal), 24));
    return vsubq_s32(veorq_s32(mean, sign), sign);
}

NH_INLINE void nh_mve_average(const nh_pool_t *p, const nh_pool_window_t *w, int32_t c, int8_t *y, uint32_t reciprocal) {
    int16x8_t sums = vdupq_n_s16(0), means;
    for (int32_t t = 0; t < w->rows; t++) {
        sums = nh_mve_add_rows(sums, nh_ring_row(w->x, w->first + t * w->row) + c, w->c, w->count / w->rows);
    }
    means = vmovntq_s32(vmovnbq_s32(sums, nh_mve_means(vmovlbq_s16(sums), w->count, reciprocal)),
                        nh_mve_means(vmovltq_s16(sums), w->count, reciprocal));
    means = vminq_s16(vmaxq_s16(means, vdupq_n_s16((int16_t)p->low)), vdupq_n_s16((int16_t)p->high));
    vstrbq_s16(y + c, means);
}

/* At least eight channels; some of the last may have been done already. */
NH_KERNEL void nh_average_pool_mve_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, y += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            uint32_t reciprocal = nh_reciprocal(p, w.count);
            for (int32_t c = 0; c < p->c; c += 8) nh_mve_average(p, &w, nh_min(c, p->c - 8), y, reciprocal);
        }
    }
}

NH_KERNEL void nh_average_pool_mve_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_average_pool_mve_ring_s8(p, &plain, y, scratch);
}
