/* CONV_2D, portable: five windows at a time, as words in scratch. */
#include "five.h"
#include "op.h"

/* A row of a window, from band `band` on. */
NH_INLINE int32_t *nh_conv_five_row(const nh_conv_t *p, const int8_t *row, int32_t band, int32_t *at, int32_t *sum) {
    if (p->dilation_f == 1) {
        int32_t before = nh_clamp(-band, 0, p->k_f), inside = nh_clamp(p->x_f - band, 0, p->k_f) - before;
        at = nh_five_fill(at, p->x_zero, before * p->x_c, sum);
        if (inside > 0) at = nh_five_append(at, row + (band + before) * p->x_c, inside * p->x_c, sum);
        return nh_five_fill(at, p->x_zero, (p->k_f - before - nh_max(inside, 0)) * p->x_c, sum);
    }
    for (int32_t j = 0; j < p->k_f; j++, band += p->dilation_f) {
        int32_t outside = band < 0 || band >= p->x_f;
        at = outside ? nh_five_fill(at, p->x_zero, p->x_c, sum) : nh_five_append(at, row + band * p->x_c, p->x_c, sum);
    }
    return at;
}

/* The window of output (t, f) as a column of nh_five_t.x. */
NH_KERNEL int32_t nh_conv_five_window(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t f, int32_t *at) {
    int32_t frame = t * p->stride_t - p->pad_t, band = f * p->stride_f - p->pad_f, bytes = p->x_f * p->x_c, sum = 0;
    for (int32_t i = 0; i < p->k_t; i++, frame += p->dilation_t) {
        const int8_t *row = x->x + frame * bytes;
        if (frame < 0 || frame >= p->x_t) {
            at = nh_five_fill(at, p->x_zero, p->k_f * p->x_c, &sum);
        } else {
            at = nh_conv_five_row(p, row - (row >= x->end ? x->bytes : 0), band, at, &sum);
        }
    }
    return sum;
}

/* Where fewer than five outputs are left, the last is made again: written more than once, with the same value. */
NH_INLINE nh_five_t nh_conv_five(const nh_conv_t *p, int8_t *y, int32_t left, const int32_t *x) {
    nh_five_t five = {{y}, p->channels, 0, p->y_c, x, x, p->weights};
    for (int32_t i = 1; i < 5; i++) five.y[i] = five.y[i - 1] + (i < left ? p->y_c : 0);
    return five;
}

NH_KERNEL void nh_conv_flat_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c;
    int8_t *const start = y;
    for (int32_t left = count; left > 0; left -= 5, y += 5 * p->y_c) {
        nh_five_t five = nh_conv_five(p, y, left, scratch);
        for (int32_t i = 0; i < 5; i++) {
            int32_t sum = 0;
            nh_five_append((int32_t *)scratch + 5 + i, x, depth, &sum);
            five.x_end = nh_five_close(scratch, i, depth, sum);
            if (i + 1 < left) x += p->step;
        }
        nh_five(&five);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, t = 0, f = 0;
    int8_t *const start = y;
    for (int32_t left = count; left > 0; left -= 5, y += 5 * p->y_c) {
        nh_five_t five = nh_conv_five(p, y, left, scratch);
        for (int32_t i = 0; i < 5; i++) {
            int32_t sum = nh_conv_five_window(p, x, t, f, (int32_t *)scratch + 5 + i);
            five.x_end = nh_five_close(scratch, i, depth, sum);
            if (i + 1 < left && ++f == p->y_f) f = 0, t++;
        }
        nh_five(&five);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_s8(p, &ring, y, scratch);
}
