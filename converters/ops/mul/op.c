/* MUL, portable. */
#include "op.h"

NH_KERNEL void nh_mul_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_mul_t *p = (const nh_mul_t *)parameters;
    int32_t a_zero = p->a_zero, b_zero = p->b_zero, multiplier = p->multiplier, right = p->shift;
    int32_t rounding = nh_rounding(p->y_zero, right);
    for (int32_t i = 0; i < w->n; i++, a += w->a_step, b += w->b_step) {
        int32_t product = (*a - a_zero) * (*b - b_zero);
        y[i] = (int8_t)nh_saturate_s8(nh_requantize(product, multiplier, right, rounding));
    }
    nh_clamp_s8(y, w->n, p->low, p->high);
}

/* Where the product grows: shift >= 0. */
NH_KERNEL void nh_mul_wide_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_mul_t *p = (const nh_mul_t *)parameters;
    for (int32_t i = 0; i < w->n; i++, a += w->a_step, b += w->b_step) {
        int32_t v = nh_multiply((*a - p->a_zero) * (*b - p->b_zero), p->multiplier, p->shift);
        y[i] = (int8_t)nh_clamp(v + p->y_zero, p->low, p->high);
    }
}

NH_BROADCAST(mul, nh_mul_t, nh_mul_run)
NH_BROADCAST(mul_wide, nh_mul_t, nh_mul_wide_run)
