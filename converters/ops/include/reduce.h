/* Reductions over any axes: loops over what is kept, within each loops over what is reduced. */
#ifndef NH_REDUCE_H
#define NH_REDUCE_H
#include "nh.h"

typedef struct {
    int32_t kept[3], kept_step[3]; /* outermost first; the output is contiguous */
    int32_t reduced[3], reduced_step[3];
} nh_reduce_t;

NH_INLINE int32_t nh_reduce_sum(const nh_reduce_t *r, const int8_t *x) {
    int32_t sum = 0, n = r->reduced[2], step = r->reduced_step[2];
    for (int32_t i = 0; i < r->reduced[0]; i++) {
        for (int32_t j = 0; j < r->reduced[1]; j++) {
            const int8_t *at = x + i * r->reduced_step[0] + j * r->reduced_step[1];
            for (int32_t k = n; k > 0; k--, at += step) sum += *at;
        }
    }
    return sum;
}

NH_INLINE int32_t nh_reduce_max(const nh_reduce_t *r, const int8_t *x) {
    int32_t most = *x, n = r->reduced[2], step = r->reduced_step[2];
    for (int32_t i = 0; i < r->reduced[0]; i++) {
        for (int32_t j = 0; j < r->reduced[1]; j++) {
            const int8_t *at = x + i * r->reduced_step[0] + j * r->reduced_step[1];
            for (int32_t k = n; k > 0; k--, at += step) most = nh_max(most, *at);
        }
    }
    return most;
}

/* `value` of every group of inputs, put where y points. */
#define NH_REDUCE(r, x, y, value)                                                            \
    for (int32_t i_ = 0; i_ < (r)->kept[0]; i_++) {                                          \
        for (int32_t j_ = 0; j_ < (r)->kept[1]; j_++) {                                      \
            const int8_t *at_ = (x) + i_ * (r)->kept_step[0] + j_ * (r)->kept_step[1];       \
            for (int32_t k_ = (r)->kept[2]; k_ > 0; k_--, at_ += (r)->kept_step[2]) {        \
                *(y)++ = (int8_t)(value);                                                    \
            }                                                                                \
        }                                                                                    \
    }

#endif
