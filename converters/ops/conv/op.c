/* CONV_2D, portable: five windows at a time, as words in scratch. */
#include "five.h"
#include "op.h"

NH_INLINE nh_five_t nh_conv_five(const nh_conv_t *p) {
    nh_five_t five = {{NULL}, p->channels, 0, p->y_c, NULL, NULL, p->weights};
    return five;
}

NH_KERNEL void nh_conv_flat_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c;
    nh_five_t five = nh_conv_five(p);
    int8_t *const start = y;
    for (int32_t left = count; left > 0; left -= 5, x += 5 * p->step, y += 5 * p->y_c)
        nh_fives(&five, x, p->step, depth, y, left, scratch);
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, t = 0, f = 0;
    nh_five_t five = nh_conv_five(p);
    int8_t *const start = y, *const windows = (int8_t *)scratch + 20 * (((depth + 3) & ~3) + 1);
    for (int32_t left = count; left > 0; left -= 5, y += 5 * p->y_c) {
        nh_windows(p, x, &t, &f, nh_min(left, 5), windows);
        nh_fives(&five, windows, depth, depth, y, left, scratch);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_s8(p, &ring, y, scratch);
}
