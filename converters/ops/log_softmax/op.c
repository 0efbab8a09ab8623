/* LOG_SOFTMAX over the last axis. */
#include "../softmax/op.h"
#include "../include/fixed_point.h"

typedef struct {
    nh_softmax_t row;
    int32_t multiplier, left; /* of differences, to Q5.26 */
    int32_t back, back_shift; /* from there to differences */
    int32_t least;            /* the lowest difference whose exponential counts */
} nh_log_softmax_t;

NH_INLINE int32_t nh_log_softmax_one(const nh_log_softmax_t *p, int32_t diff, int32_t least, int32_t log) {
    if (diff <= least) return -128;
    int32_t v = nh_multiply(diff, p->multiplier, p->left);
    return nh_clamp(nh_divide_by_pot(v - log, 22) + 127, -128, 127);
}

NH_KERNEL void nh_log_softmax_s8(const nh_log_softmax_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t r = 0; r < p->row.rows; r++, x += p->row.n, y += p->row.n) {
        int32_t most = nh_softmax_most(&p->row, x);
        int32_t log = nh_log_q5((int32_t)nh_softmax_sum(&p->row, x, most));
        int32_t least = nh_max(p->least - 1, nh_multiply(log + INT32_MIN, p->back, p->back_shift));
        for (int32_t i = 0; i < p->row.n; i++) y[i] = (int8_t)nh_log_softmax_one(p, x[i] - most, least, log);
    }
}
