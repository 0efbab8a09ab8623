/* PRELU. */
#include "../include/broadcast.h"

typedef struct {
    nh_walk_t walk;
    const int8_t *constant;
    int32_t x_zero, alpha_zero, y_zero;
    int32_t positive[2], negative[2]; /* multiplier, shift: of values from zero, of products with alpha */
} nh_prelu_t;

NH_KERNEL void nh_prelu_run(const void *parameters, const int8_t *x, const int8_t *alpha, int8_t *y, const nh_walk_t *w) {
    const nh_prelu_t *p = (const nh_prelu_t *)parameters;
    for (int32_t i = 0; i < w->n; i++, x += w->a_step, alpha += w->b_step) {
        int32_t v = *x - p->x_zero;
        const int32_t *scale = v >= 0 ? p->positive : p->negative;
        if (v < 0) v *= *alpha - p->alpha_zero;
        y[i] = (int8_t)nh_clamp(nh_multiply(v, scale[0], scale[1]) + p->y_zero, -128, 127);
    }
}

NH_BROADCAST(prelu, nh_prelu_t, nh_prelu_run)
