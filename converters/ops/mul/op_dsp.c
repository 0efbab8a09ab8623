/* MUL, Armv7E-M: halfwords less their zero points, products of halves, one SMMLAR. */
#include "op.h"
#include "../include/clamp_dsp.h"

/* Bytes 0 and 2 (of `by` 8: 1 and 3) as halves, added to those of `sum`. */
#define NH_ADD_BYTES(sum, w, by)                                                                  \
    __extension__({                                                                               \
        uint32_t r_;                                                                              \
        __asm("sxtab16 %0, %1, %2, ror #" #by : "=r"(r_) : "r"(sum), "r"(w));                     \
        (int32_t)r_;                                                                              \
    })

NH_INLINE int32_t nh_mul_requantize(int32_t twice, int32_t multiplier, int32_t right, int32_t rounding) {
    return nh_smmlar(twice, multiplier, rounding + (twice >> 31)) >> right;
}

NH_KERNEL void nh_mul_dsp_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_mul_t *p = (const nh_mul_t *)parameters;
    int32_t multiplier = p->multiplier, right = p->shift, rounding = nh_rounding(p->y_zero, right), n = w->n;
    uint32_t a_zero2 = (uint16_t)-p->a_zero * 0x10001u, b_zero2 = (uint16_t)-p->b_zero * 0x10001u;
    uint32_t low4 = (uint8_t)p->low * 0x01010101u, high4 = (uint8_t)p->high * 0x01010101u;
    uint32_t a4 = (uint8_t)*a * 0x01010101u, b4 = (uint8_t)*b * 0x01010101u;
    for (; n >= 4; n -= 4, y += 4) {
        if (w->a_step) a4 = nh_word(a), a += 4;
        if (w->b_step) b4 = nh_word(b), b += 4;
        int32_t a_even = NH_ADD_BYTES(a_zero2, a4, 0), a_odd = NH_ADD_BYTES(a_zero2, a4, 8);
        int32_t b_even = NH_ADD_BYTES(b_zero2, b4, 0), b_odd = NH_ADD_BYTES(b_zero2, b4, 8);
        /* Twice one operand for nh_requantize_dsp: no half leaves 16 bits. */
        a_even = __sadd16(a_even, a_even), a_odd = __sadd16(a_odd, a_odd);
        int32_t y0 = nh_mul_requantize((int16_t)a_even * (int16_t)b_even, multiplier, right, rounding);
        int32_t y1 = nh_mul_requantize((int16_t)a_odd * (int16_t)b_odd, multiplier, right, rounding);
        int32_t y2 = nh_mul_requantize((a_even >> 16) * (b_even >> 16), multiplier, right, rounding);
        int32_t y3 = nh_mul_requantize((a_odd >> 16) * (b_odd >> 16), multiplier, right, rounding);
        uint32_t y4 = nh_min4(nh_max4(nh_pack4(y0, y1, y2, y3), low4), high4);
        memcpy(y, &y4, 4);
    }
    for (; n > 0; n--, a += w->a_step, b += w->b_step) {
        int32_t v = nh_requantize((*a - p->a_zero) * (*b - p->b_zero), multiplier, right, rounding);
        *y++ = (int8_t)nh_clamp(v, p->low, p->high);
    }
}

NH_BROADCAST(mul_dsp, nh_mul_t, nh_mul_dsp_run)
