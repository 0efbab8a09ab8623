/* SOFTMAX over the last axis: exponentials from a table, one reciprocal for each row. */
#include "op.h"
#include "../include/fixed_point.h"

typedef struct {
    const int32_t *exps;
    int32_t most;  /* of the row */
    int32_t scale; /* 1 / sum, Q0.31 */
    int32_t shift; /* to the right, of exponential * scale */
} nh_softmax_row_t;

NH_INLINE nh_softmax_row_t nh_softmax_row(const nh_softmax_t *p, const int8_t *x) {
    int32_t most = nh_softmax_most(p, x);
    uint32_t sum = nh_softmax_sum(p, x, most);
    int32_t headroom = nh_clz(sum);
    nh_softmax_row_t row = {p->exps, most, nh_one_over_one_plus((int32_t)((sum << headroom) - 0x80000000u)), 0};
    row.shift = NH_SOFTMAX_SUM_BITS - headroom + 31 - p->bits;
    return row;
}

/* Without the output's zero point; exponentials beyond the table are 0. */
NH_INLINE int32_t nh_softmax_one(const nh_softmax_t *p, const nh_softmax_row_t *row, int32_t x) {
    int32_t diff = row->most - x;
    /* Divided by 2**32 and more, anything is 0. */
    if (diff >= p->entries || row->shift > 31) return 0;
    /* Nothing here is negative; the half may reach the sign's bit. */
    uint32_t v = (uint32_t)nh_high_mul(row->scale, row->exps[diff]);
    return (int32_t)((v + (1u << (row->shift - 1))) >> row->shift);
}

#define NH_SOFTMAX(to, y_t, low, high)                                                                  \
    NH_KERNEL void nh_softmax_##to(const nh_softmax_t *p, const int8_t *x, y_t *y, void *scratch) {     \
        (void)scratch;                                                                                  \
        for (int32_t r = 0; r < p->rows; r++, x += p->n, y += p->n) {                                   \
            nh_softmax_row_t row = nh_softmax_row(p, x);                                                \
            for (int32_t i = 0; i < p->n; i++) {                                                        \
                y[i] = (y_t)nh_min(nh_softmax_one(p, &row, x[i]) + (low), high);                        \
            }                                                                                           \
        }                                                                                               \
    }

NH_SOFTMAX(s8, int8_t, INT8_MIN, INT8_MAX)
NH_SOFTMAX(s8_s16, int16_t, INT16_MIN, INT16_MAX)
