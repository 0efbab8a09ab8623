/* Where a window's values lie: one pointer for each tap, so that kernels know nothing of padding, dilation,
   stride or rings. */
#ifndef NH_DEPTHWISE_TAPS_H
#define NH_DEPTHWISE_TAPS_H
#include "../include/ring.h"
#include "op.h"

/* The taps of output position (t, f) in the order of the kernel; a tap in the padding is `pad`, x_c times the
   input's zero point. Returns the place behind the last. */
NH_INLINE const int8_t **nh_taps(const nh_depthwise_t *p, const nh_ring_t *x, int32_t t, int32_t f,
                                 const int8_t *pad, const int8_t **taps) {
    int32_t row = t * p->stride_t - p->pad_t, first = f * p->stride_f - p->pad_f;
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
