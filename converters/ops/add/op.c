/* ADD and SUB, portable. */
#include "op.h"

NH_KERNEL void nh_add_linear_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_add_linear_t *p = (const nh_add_linear_t *)parameters;
    int32_t ma = p->ma, mb = p->mb, c = p->c, shift = p->shift;
    /* An operand that stays is a part of c. */
    if (!w->b_step) c += *b * mb, mb = 0, b = a;
    if (!w->a_step) c += *a * ma, ma = 0, a = b;
    int32_t n = w->n;
    int8_t *to = y;
    for (; n >= 4; n -= 4, a += 4, b += 4, to += 4) {
        /* All loads before the stores, which may be to the same place. */
        int32_t y0 = c + b[0] * mb + a[0] * ma, y1 = c + b[1] * mb + a[1] * ma;
        int32_t y2 = c + b[2] * mb + a[2] * ma, y3 = c + b[3] * mb + a[3] * ma;
        to[0] = (int8_t)nh_saturate_s8(y0 >> shift);
        to[1] = (int8_t)nh_saturate_s8(y1 >> shift);
        to[2] = (int8_t)nh_saturate_s8(y2 >> shift);
        to[3] = (int8_t)nh_saturate_s8(y3 >> shift);
    }
    for (int32_t i = 0; i < n; i++) to[i] = (int8_t)nh_saturate_s8((c + b[i] * mb + a[i] * ma) >> shift);
    nh_clamp_s8(y, w->n, p->low, p->high);
}

NH_INLINE int32_t nh_add_scaled(const nh_add_operand_t *o, int32_t x) {
    int32_t v = (int32_t)((uint32_t)(x - o->zero) << o->left);
    return o->sign * nh_requantize(v, o->multiplier, o->right, nh_rounding(0, o->right));
}

NH_KERNEL void nh_add_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_add_t *p = (const nh_add_t *)parameters;
    int32_t rounding = nh_rounding(p->y_zero, p->right);
    for (int32_t i = 0; i < w->n; i++, a += w->a_step, b += w->b_step) {
        int32_t sum = nh_add_scaled(&p->a, *a) + nh_add_scaled(&p->b, *b);
        y[i] = (int8_t)nh_clamp(nh_requantize(sum, p->multiplier, p->right, rounding), p->low, p->high);
    }
}

NH_BROADCAST(add_linear, nh_add_linear_t, nh_add_linear_run)
NH_BROADCAST(add, nh_add_t, nh_add_run)
