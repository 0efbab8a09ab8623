/* SOFTMAX and LOG_SOFTMAX: parameters, and the sum of a row's exponentials. */
#ifndef NH_SOFTMAX_H
#define NH_SOFTMAX_H
#include "../include/nh.h"

#define NH_SOFTMAX_SUM_BITS 12 /* integer bits of the sum */

typedef struct {
    int32_t rows, n;
    int32_t bits;    /* of the output */
    int32_t entries; /* of the table; further ones add nothing */
    const int32_t *exps; /* Q0.31, by how far below the row's largest value */
} nh_softmax_t;

NH_INLINE int32_t nh_softmax_most(const nh_softmax_t *p, const int8_t *x) {
    int32_t most = x[0];
    for (int32_t i = 1; i < p->n; i++) most = nh_max(most, x[i]);
    return most;
}

NH_INLINE uint32_t nh_softmax_sum(const nh_softmax_t *p, const int8_t *x, int32_t most) {
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->n; i++) {
        int32_t diff = most - x[i];
        if (diff >= p->entries) continue;
        sum += ((uint32_t)p->exps[diff] + (1u << (NH_SOFTMAX_SUM_BITS - 1))) >> NH_SOFTMAX_SUM_BITS;
    }
    return sum;
}

#endif
