/* Where a window's values lie: one pointer for each tap, so that kernels know nothing of padding, dilation,
   stride or rings. */
#ifndef NH_DEPTHWISE_TAPS_H
#define NH_DEPTHWISE_TAPS_H
#include "../include/ring.h"
#include "op.h"

/* Where no window reaches into padding. */
NH_INLINE const int8_t **nh_taps_inside(const nh_depthwise_t *p, const nh_ring_t *x, int32_t row, int32_t band,
                                        const int8_t **taps) {
    const int32_t frame = p->x_f * p->x_c, next_row = p->dilation_t * frame, next_band = p->dilation_f * p->x_c;
    const int8_t *first = nh_ring_row(x, row * frame) + band * p->x_c;
    /* A band beyond the first may lie behind the end only where its frame begins there. */
    const int8_t *end = x->end + band * p->x_c;
    for (int32_t i = p->k_t; i > 0; i--) {
        const int8_t *at = first;
        *taps++ = at;
        for (int32_t j = p->k_f; j > 1; j--) *taps++ = at += next_band;
        first += next_row;
        if (first >= end) first -= x->bytes;
    }
    return taps;
}

/* The taps of output position (t, f) in the order of the kernel; a tap in the padding is `pad`, x_c times the
   input's zero point. Returns the place behind the last. */
NH_INLINE const int8_t **nh_taps(const nh_depthwise_t *p, const nh_ring_t *x, int32_t t, int32_t f,
                                 const int8_t *pad, const int8_t **taps) {
    int32_t row = t * p->stride_t - p->pad_t, first = f * p->stride_f - p->pad_f;
    if (!p->pad_bytes) return nh_taps_inside(p, x, row, first, taps);
    for (int32_t i = 0; i < p->k_t; i++, row += p->dilation_t) {
        int32_t band = first;
        int inside = (uint32_t)row < (uint32_t)p->x_t;
        const int8_t *at = inside ? nh_ring_row(x, row * p->x_f * p->x_c) : pad;
        for (int32_t j = 0; j < p->k_f; j++, band += p->dilation_f) {
            *taps++ = inside && (uint32_t)band < (uint32_t)p->x_f ? at + band * p->x_c : pad;
        }
    }
    return taps;
}

#endif
