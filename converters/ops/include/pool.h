/* Poolings: windows of [x_t, x_f, c] cut at the edges, as nothing of the padding counts. */
#ifndef NH_POOL_H
#define NH_POOL_H
#include "ring.h"
#include "requantize.h"

typedef struct {
    int32_t x_t, x_f, c;
    int32_t y_t, y_f;
    int32_t k_t, k_f, stride_t, stride_f, pad_t, pad_f;
    int32_t low, high;
    uint32_t reciprocal; /* of a full window: ceil(2**24 / count); 0 where only a division is exact */
} nh_pool_t;

/* What a window covers of the input. */
typedef struct {
    const nh_ring_t *x;
    int32_t first, bytes; /* of a row: of a row's part inside */
    int32_t row, rows;    /* bytes from row to row; how many */
    int32_t bands;        /* of a row */
    int32_t c, count;     /* channels; values inside */
} nh_pool_window_t;

NH_INLINE nh_pool_window_t nh_pool_window(const nh_pool_t *p, const nh_ring_t *x, int32_t t, int32_t f) {
    int32_t top = t * p->stride_t - p->pad_t, left = f * p->stride_f - p->pad_f;
    int32_t bottom = nh_min(top + p->k_t, p->x_t), right = nh_min(left + p->k_f, p->x_f), row = p->x_f * p->c;
    nh_pool_window_t w = {x, 0, 0, row, 0, 0, p->c, 0};
    top = nh_max(top, 0);
    left = nh_max(left, 0);
    w.first = top * row + left * p->c;
    w.bands = right - left;
    w.bytes = w.bands * p->c;
    w.rows = bottom - top;
    w.count = w.rows * w.bands;
    return w;
}

#endif
