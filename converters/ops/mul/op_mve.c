/* MUL, Armv8.1-M MVE. */
#include "../include/mve.h"
#include "op.h"

/* Four factors less their zero point; the pointer moves on where there is one for each output. */
NH_INLINE int32x4_t nh_mve_factors(const int8_t **x, int32_t step, int32_t zero, mve_pred16_t left) {
    const int8_t *at = *x;
    *x = at + 4 * step;
    return vsubq_n_s32(step ? vldrbq_z_s32(at, left) : vdupq_n_s32(*at), zero);
}

NH_KERNEL void nh_mul_mve_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_mul_t *p = (const nh_mul_t *)parameters;
    int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    for (int32_t n = w->n; n > 0; n -= 4, y += 4) {
        mve_pred16_t left = vctp32q((uint32_t)n);
        int32x4_t v = vmulq_s32(nh_mve_factors(&a, w->a_step, p->a_zero, left), nh_mve_factors(&b, w->b_step, p->b_zero, left));
        v = vqrdmulhq_n_s32(v, p->multiplier);
        /* Halves away from zero. */
        v = vrshlq_n_s32(vaddq_s32(v, vshrq_n_s32(v, 31)), -p->shift);
        v = vminq_s32(vmaxq_s32(vaddq_n_s32(v, p->y_zero), low), high);
        vstrbq_p_s32(y, v, left);
    }
}

NH_BROADCAST(mul_mve, nh_mul_t, nh_mul_mve_run)
