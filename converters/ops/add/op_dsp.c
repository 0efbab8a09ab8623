/* ADD and SUB, Armv7E-M: a byte in the upper half of a halfword, times a 32-bit factor, less 8 + 8 bits: SMLAWx. */
#include "op.h"
#include "../include/clamp_dsp.h"

NH_INLINE int32_t nh_add_linear_one(const nh_add_linear_t *p, int32_t a, int32_t b, int32_t ma, int32_t mb, int32_t c) {
    int32_t sum = __smlawb(ma, a * 256, __smlawb(mb, b * 256, c));
    return nh_clamp(sum >> p->shift, p->low, p->high);
}

NH_KERNEL void nh_add_linear_dsp_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_add_linear_t *p = (const nh_add_linear_t *)parameters;
    int32_t ma = p->ma, mb = p->mb, c = p->c, shift = p->shift, n = w->n;
    uint32_t low4 = (uint8_t)p->low * 0x01010101u, high4 = (uint8_t)p->high * 0x01010101u;
    uint32_t upper = 0xff00ff00u;
    /* In a register, so that one AND also shifts. */
    __asm("" : "+r"(upper));
    /* An operand that stays is a part of c. */
    if (!w->b_step) c = __smlawb(mb, *b * 256, c), mb = 0, b = a;
    if (!w->a_step) c = __smlawb(ma, *a * 256, c), ma = 0, a = b;
    for (; n >= 4; n -= 4, a += 4, b += 4, y += 4) {
        uint32_t a4 = nh_word(a), b4 = nh_word(b);
        int32_t a_even = (int32_t)((a4 << 8) & upper), b_even = (int32_t)((b4 << 8) & upper);
        int32_t a_odd = (int32_t)(a4 & upper), b_odd = (int32_t)(b4 & upper);
        int32_t y0 = __smlawb(ma, a_even, __smlawb(mb, b_even, c)) >> shift;
        int32_t y1 = __smlawb(ma, a_odd, __smlawb(mb, b_odd, c)) >> shift;
        int32_t y2 = __smlawt(ma, a_even, __smlawt(mb, b_even, c)) >> shift;
        int32_t y3 = __smlawt(ma, a_odd, __smlawt(mb, b_odd, c)) >> shift;
        uint32_t y4 = nh_min4(nh_max4(nh_pack4(y0, y1, y2, y3), low4), high4);
        memcpy(y, &y4, 4);
    }
    for (; n > 0; n--) *y++ = (int8_t)nh_add_linear_one(p, *a++, *b++, ma, mb, c);
}

NH_BROADCAST(add_linear_dsp, nh_add_linear_t, nh_add_linear_dsp_run)
