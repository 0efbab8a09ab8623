/* ARG_MAX. */
#include "../include/nh.h"

typedef struct {
    int32_t outer, n, inner; /* x [outer, n, inner] */
} nh_arg_max_t;

NH_KERNEL void nh_arg_max_s8(const nh_arg_max_t *p, const int8_t *x, int32_t *y, void *scratch) {
    (void)scratch;
    for (int32_t o = 0; o < p->outer; o++, x += p->n * p->inner) {
        for (int32_t i = 0; i < p->inner; i++) {
            const int8_t *at = x + i;
            int32_t best = 0, most = *at;
            for (int32_t k = 1; k < p->n; k++) {
                at += p->inner;
                if (*at > most) most = *at, best = k;
            }
            *y++ = best;
        }
    }
}
