/* CONV_2D on cores without long multiplication: windows as words of two values in scratch, many at a time. */
#include "op.h"
#include "pairs.h"

/* The window of output (t, f) as a column of nh_pairs_t.x; its rows, and what of them is padding, are whole words. */
NH_INLINE void nh_conv_pairs_words(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t before, int32_t band,
                                   int32_t inside, uint32_t *at) {
    const int32_t bytes = p->x_f * p->x_c, after = p->k_f * p->x_c - before - inside;
    int32_t frame = t * p->stride_t - p->pad_t;
    for (int32_t i = 0; i < p->k_t; i++, frame += p->dilation_t) {
        if (frame < 0 || frame >= p->x_t) {
            at = nh_pairs_fill(at, p->x_zero, before + inside + after);
        } else {
            const int8_t *row = x->x + frame * bytes + band;
            row -= row >= x->end + band ? x->bytes : 0;
            at = nh_pairs_fill(at, p->x_zero, before);
            at = nh_pairs_append(at, row, inside);
            at = nh_pairs_fill(at, p->x_zero, after);
        }
    }
}

/* The same where rows follow each other in memory and no band is padding; 0 where they do not. */
NH_INLINE int nh_conv_pairs_block(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t band, uint32_t *at) {
    const int32_t bytes = p->x_f * p->x_c, n = p->k_f * p->x_c, frame = t * p->stride_t - p->pad_t;
    const int32_t first = nh_clamp(-frame, 0, p->k_t), last = nh_clamp(p->x_t - frame, first, p->k_t);
    const int8_t *row = x->x + (frame + first) * bytes;
    if (p->dilation_t != 1 || (x->bytes && row + (last - first) * bytes > x->end)) return 0;
    at = nh_pairs_fill(at, p->x_zero, first * n);
    at = nh_pairs_block(at, row + band * p->x_c, n, bytes, last - first);
    nh_pairs_fill(at, p->x_zero, (p->k_t - last) * n);
    return 1;
}

/* nh_window where no band is padding. */
NH_INLINE void nh_conv_pairs_bytes(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t band, int8_t *window) {
    const int32_t bytes = p->x_f * p->x_c, row_bytes = p->k_f * p->x_c;
    int32_t frame = t * p->stride_t - p->pad_t;
    uint8_t *to = (uint8_t *)window;
    for (int32_t i = p->k_t; i > 0; i--, frame += p->dilation_t) {
        uint8_t *end = to + row_bytes;
        if ((uint32_t)frame >= (uint32_t)p->x_t) {
            while (to != end) *to++ = (uint8_t)p->x_zero;
        } else {
            const int8_t *row = x->x + frame * bytes;
            const uint8_t *from = (const uint8_t *)(row - (row >= x->end ? x->bytes : 0)) + band * p->x_c;
            for (; end - to >= 3; to += 3, from += 3) {
                uint8_t a = from[0], b = from[1], c = from[2];
                to[0] = a, to[1] = b, to[2] = c;
            }
            while (to != end) *to++ = *from++;
        }
    }
}

/* The same for any window, through `window`, which holds it as bytes, unless its rows are whole words. */
NH_INLINE void nh_conv_pairs_window(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t f, uint32_t *at,
                                    int8_t *window, int32_t quads) {
    const int32_t band = f * p->stride_f - p->pad_f;
    const int32_t before = nh_clamp(-band, 0, p->k_f), inside = nh_clamp(p->x_f - band, before, p->k_f) - before;
    if (p->run != NH_PAIRS_ANY && inside == p->k_f && nh_conv_pairs_block(p, x, t, band, at)) return;
    if (p->run == NH_PAIRS_WORDS || (p->run == NH_PAIRS_ROWS && inside == p->k_f)) {
        nh_conv_pairs_words(p, x, t, before * p->x_c, (band + before) * p->x_c, inside * p->x_c, at);
    } else {
        if (inside == p->k_f && p->dilation_f == 1) nh_conv_pairs_bytes(p, x, t, band, window);
        else nh_window(p, x, t, f, window, p->k_f * p->x_c);
        nh_pairs_append(at, window, 4 * quads);
    }
}

/* An even number of windows. */
NH_INLINE void nh_conv_pairs_some(const nh_conv_t *p, nh_pairs_t *pairs, int8_t *y, const uint32_t *x, int32_t count) {
    pairs->channels = p->channels, pairs->weights = p->weights;
    pairs->y = y, pairs->y_end = y + p->y_c;
    pairs->x = x, pairs->x_end = x + count * (pairs->w_end - pairs->w);
    if (count) nh_pairs(pairs);
}

/* scratch: weights of a channel, `runs` windows, and one of bytes. */
NH_INLINE void nh_conv_pairs(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch, int flat) {
    const int32_t depth = p->k_t * p->k_f * p->x_c, quads = (depth + 3) >> 2;
    uint32_t *w = scratch, *columns = w + 2 * (quads + (quads & 1));
    int8_t *window = (int8_t *)(columns + 2 * quads * p->runs);
    int32_t t = 0, f = 0;
    nh_pairs_t pairs = {y, p->channels, p->weights, w, w + 2 * quads, columns, columns, p->y_c, y, -quads & 3, 0};
    const int8_t *from = x->x;
    if (!flat && (depth & 3)) memset(window + (depth & ~3), 0, 4);
    for (int32_t left = p->y_t * p->y_f; left > 0;) {
        const int32_t count = nh_min(left, p->runs), even = count & ~1;
        for (int32_t i = 0; i < count + (count & 1); i++) {
            uint32_t *at = columns + (i >> 1) * 4 * quads + 2 * (i & 1);
            if (flat) nh_pairs_append(at, from, depth);
            else nh_conv_pairs_window(p, x, t, f, at, window, quads);
            if (i + 1 == count) continue; /* an odd last one twice */
            from += p->step;
            if (++f == p->y_f) f = 0, t++;
        }
        nh_conv_pairs_some(p, &pairs, y, columns, even);
        if (count != even) {
            pairs.y_step = 0;
            nh_conv_pairs_some(p, &pairs, y + even * p->y_c, columns + 2 * even * quads, 2);
        }
        from += p->step;
        if (++f == p->y_f) f = 0, t++;
        y += count * p->y_c, left -= count;
    }
}

NH_KERNEL void nh_conv_flat_pairs_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = {x, x, 0};
    nh_conv_pairs(p, &ring, y, scratch, 1);
    nh_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_pairs_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_conv_pairs(p, x, y, scratch, 0);
    nh_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_pairs_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_pairs_s8(p, &ring, y, scratch);
}
