/* Rows of a stream's last frames, wherever they wrap. */
#ifndef NH_RING_H
#define NH_RING_H
#include "nh.h"

/* The row that starts `bytes` behind the oldest. */
NH_INLINE const int8_t *nh_ring_row(const nh_ring_t *x, int32_t bytes) {
    const int8_t *q = x->x + bytes;
    return q < x->end ? q : q - x->bytes;
}

/* What is no ring as one that never wraps. */
NH_INLINE nh_ring_t nh_plain(const int8_t *x, int32_t bytes) {
    nh_ring_t ring = {x, x + bytes, 0};
    return ring;
}

#endif
