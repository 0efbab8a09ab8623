/* CONV_2D for Armv7E-M: windows as int16 in scratch, three at a time, times two channels at a time. */
#include "block_dsp.h"
#include "op.h"

/* Up to three outputs, `left` of them, from windows `step` bytes apart. Where there are fewer, the last is made again:
   it is written twice, with the same value. */
NH_INLINE void nh_conv_block(const nh_conv_t *p, const int8_t *x, int32_t step, int8_t *y, int32_t left,
                             uint32_t *scratch) {
    int32_t depth = p->k_t * p->k_f * p->x_c, groups = (depth + 3) >> 2;
    int32_t second = left > 1, third = left > 2 ? 2 : left - 1;
    nh_block_t block;
    nh_block_pack(scratch, x, x + second * step, x + third * step, depth);
    block.y0 = y, block.y1 = y + second * p->y_c, block.y2 = y + third * p->y_c;
    block.channels = p->channels, block.y0_end = y + p->y_c, block.weights = p->weights;
    block.x = scratch, block.x_end = (uintptr_t)scratch + (uintptr_t)(24 * groups - (groups & 1));
    nh_block_dsp(&block);
}

/* Windows evenly spaced in x, such as a 1x1's. */
NH_KERNEL void nh_conv_flat_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f;
    int8_t *const start = y;
    for (int32_t left = count; left > 0; left -= 3, x += 3 * p->step, y += 3 * p->y_c)
        nh_conv_block(p, x, p->step, y, left, scratch);
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

/* Any window, gathered behind the int16. */
NH_KERNEL void nh_conv_ring_s8_dsp(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, t = 0, f = 0;
    int8_t *const start = y, *const windows = (int8_t *)scratch + 24 * ((depth + 3) >> 2);
    for (int32_t left = count; left > 0; left -= 3, y += 3 * p->y_c) {
        nh_windows(p, x, &t, &f, nh_min(left, 3), windows);
        nh_conv_block(p, windows, depth, y, left, scratch);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_s8_dsp(p, &ring, y, scratch);
}
