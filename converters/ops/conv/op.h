/* CONV_2D: parameters shared by every variant. */
#ifndef NH_CONV_H
#define NH_CONV_H
#include "../include/requantize.h"

typedef struct {
    int32_t x_t, x_f, x_c; /* input [x_t, x_f, x_c] */
    int32_t y_t, y_f, y_c; /* output */
    int32_t k_t, k_f;
    int32_t stride_t, stride_f, dilation_t, dilation_f;
    int32_t pad_t, pad_f; /* before the first frame and band */
    int32_t step; /* bytes from one window to the next, where all are contiguous and inside x; else 0 */
    int32_t runs, run; /* DSP: a window is its rows, or one run, each rounded up to a multiple of 4 bytes. Pairs:
                          windows at a time, and one of NH_PAIRS_ */
    int32_t x_zero, low, high;
    const void *weights;  /* as the variant wants them */
    const void *channels; /* nh_channel_t [y_c] */
} nh_conv_t;

/* Rows of a window are whole words, also where they begin or end in padding; only where they do not; or anything. */
enum { NH_PAIRS_ANY, NH_PAIRS_ROWS, NH_PAIRS_WORDS };

/* n values that are padding. */
NH_INLINE int8_t *nh_fill(int8_t *to, int32_t value, int32_t n) {
    for (int32_t i = 0; i < n; i++) *to++ = (int8_t)value;
    return to;
}

/* Both may start anywhere. */
NH_INLINE int8_t *nh_append(int8_t *to, const int8_t *from, int32_t n) {
    int32_t i = 0;
#if !defined(__ARM_ARCH_6M__) && !defined(__riscv)
    for (; i + 4 <= n; i += 4) {
        uint32_t four;
        memcpy(&four, from + i, 4);
        memcpy(to + i, &four, 4);
        __asm volatile("" ::: "memory"); /* a call of memcpy would cost more */
    }
#endif
    for (; i < n; i++) to[i] = from[i];
    return to + n;
}

/* One row of a window, from band `band` on, its bytes outside of x being x_zero. */
NH_INLINE void nh_window_row(const nh_conv_t *p, const int8_t *row, int32_t band, int8_t *to) {
    if (p->dilation_f == 1) {
        int32_t before = nh_clamp(-band, 0, p->k_f), inside = nh_clamp(p->x_f - band, 0, p->k_f) - before;
        to = nh_fill(to, p->x_zero, before * p->x_c);
        if (inside > 0) to = nh_append(to, row + (band + before) * p->x_c, inside * p->x_c);
        nh_fill(to, p->x_zero, (p->k_f - before - nh_max(inside, 0)) * p->x_c);
        return;
    }
    for (int32_t j = 0; j < p->k_f; j++, band += p->dilation_f) {
        int32_t outside = band < 0 || band >= p->x_f;
        to = outside ? nh_fill(to, p->x_zero, p->x_c) : nh_append(to, row + band * p->x_c, p->x_c);
    }
}

/* The k_t rows of k_f * x_c values that output (t, f) sees, `pitch` bytes apart. */
NH_KERNEL void nh_window(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t f, int8_t *to, int32_t pitch) {
    int32_t frame = t * p->stride_t - p->pad_t, band = f * p->stride_f - p->pad_f, bytes = p->x_f * p->x_c;
    for (int32_t i = 0; i < p->k_t; i++, frame += p->dilation_t, to += pitch) {
        if (frame < 0 || frame >= p->x_t) {
            nh_fill(to, p->x_zero, p->k_f * p->x_c);
        } else {
            const int8_t *row = x->x + frame * bytes;
            nh_window_row(p, row - (row >= x->end ? x->bytes : 0), band, to);
        }
    }
}

/* `count` windows from output (t, f) on, one behind the other. */
NH_INLINE void nh_windows(const nh_conv_t *p, const nh_ring_t *x, int32_t *t, int32_t *f, int32_t count, int8_t *to) {
    int32_t row = p->k_f * p->x_c;
    for (int32_t i = 0; i < count; i++, to += p->k_t * row) {
        nh_window(p, x, *t, *f, to, row);
        if (++*f == p->y_f) *f = 0, ++*t;
    }
}

/* x as a ring that never wraps. */
NH_INLINE nh_ring_t nh_whole(const nh_conv_t *p, const int8_t *x) {
    nh_ring_t ring = {x, x + p->x_t * p->x_f * p->x_c, 0};
    return ring;
}

#endif
