/* CONV_2D on cores without long multiplication: windows that begin two values apart, expanded together a row of the
   input at a time; what neighbours have in common is expanded once, and held once. */
#include "op.h"
#include "pairs.h"

/* n values of a row from value `first` on, where some are padding. */
NH_KERNEL __attribute__((noinline)) const int8_t *nh_conv_shared_padded(const nh_conv_t *p, const int8_t *row,
                                                                        int32_t first, int32_t n, int8_t *strip) {
    const int32_t before = nh_clamp(-first, 0, n), inside = nh_clamp(p->x_f * p->x_c - first, before, n) - before;
    int8_t *to = nh_fill(strip, p->x_zero, before);
    to = nh_append(to, row + first + before, inside);
    nh_fill(to, p->x_zero, n - before - inside);
    return strip;
}

/* The rows that `blocks` blocks of nh_pairs_strip see, from output (t, f) on. */
NH_INLINE void nh_conv_shared_rows(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t f, int32_t blocks,
                                   uint32_t *at, int8_t *strip) {
    const int32_t bytes = p->x_f * p->x_c, first = (f * p->stride_f - p->pad_f) * p->x_c, n = 4 * blocks + 2;
    int32_t frame = t * p->stride_t - p->pad_t;
    for (int32_t i = p->k_t; i > 0; i--, frame += p->dilation_t, at += 4) {
        const int8_t *row = x->x + frame * bytes;
        row -= row >= x->end ? x->bytes : 0;
        if (frame < 0 || frame >= p->x_t) nh_fill(strip, p->x_zero, n), row = strip;
        else if (first < 0 || first + n > bytes) row = nh_conv_shared_padded(p, row, first, n, strip);
        else row += first;
        nh_pairs_strip(at, row, blocks, 4 * p->k_t);
    }
}

/* scratch: weights of a channel, rows of `runs` windows, and one of bytes. */
NH_KERNEL void nh_conv_ring_shared_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    const int32_t across = p->k_f * p->x_c >> 2, quads = p->k_t * across, count = p->y_t * p->y_f * p->y_c;
    uint32_t *w = scratch, *columns = w + 2 * (quads + (quads & 1));
    int8_t *strip = (int8_t *)(columns + 4 * p->k_t * (across + (p->runs >> 1) - 1));
    nh_pairs_t pairs = {y,       p->channels, p->weights, w,           w + 2 * quads,
                        columns, columns,     p->y_c,     y + p->y_c, -quads & 3, 16 * p->k_t * (across - 1)};
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t n, f = 0; f < p->y_f; f += n) {
            n = nh_min(p->y_f - f, p->runs);
            nh_conv_shared_rows(p, x, t, f, across + (n >> 1) - 1, columns, strip);
            pairs.x_end = columns + 2 * p->k_t * n;
            nh_pairs_shared(&pairs);
            pairs.y += n * p->y_c, pairs.y_end += n * p->y_c;
        }
    }
    nh_clamp_s8(y, count, p->low, p->high);
}

NH_KERNEL void nh_conv_shared_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_shared_s8(p, &ring, y, scratch);
}
