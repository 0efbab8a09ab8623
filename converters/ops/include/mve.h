/* Armv8.1-M MVE: requantization of four and sixteen channels, copies whose tails cost nothing.

   Sixteen channels are held as four vectors of int32 with channels 0 4 8 12, 2 6 10 14, 1 5 9 13 and 3 7 11 15:
   narrowing into the lower and upper halves of lanes (VQMOVNB, VQMOVNT) twice then leaves them in order. */
#ifndef NH_MVE_H
#define NH_MVE_H
#include <arm_mve.h>
#include "requantize.h"

/* Inlined, these would make registers scarce. */
#define NH_APART static __attribute__((noinline, unused))
#define NH_UNUSED __attribute__((unused))
#if defined(__clang__)
#define NH_VPR /* clang has no name for it, and keeps nothing there across these statements */
#define NH_ASSEMBLY static __attribute__((naked, noinline, unused))
#else
#define NH_VPR "p0",
/* Without noipa GCC believes that a naked function leaves all registers alone. */
#define NH_ASSEMBLY static __attribute__((naked, noipa, unused))
#endif

/* How accumulators become int8; Python chooses (mve_scaling.py). */
enum {
    NH_RECTIFIED, /* a clamp at the zero point or above: how negative halves are rounded cannot be seen */
    NH_SIGNED,    /* Requantization.narrow: every right shift is at least 1 */
    NH_WIDE       /* left shifts, or no shift */
};

typedef struct {
    int32_t y_zero, low, high, mode;
    const int32_t *scaling; /* for each vector of 4 channels: multipliers, -right shifts (NH_WIDE: left shifts too) */
} nh_mve_output_t;

/* Four accumulators to outputs without their zero point. */
NH_INLINE int32x4_t nh_mve_scale(int32x4_t acc, const int32_t *scaling, int32_t mode) {
    int32x4_t right = vldrwq_s32(scaling + 4), h;
    if (mode == NH_WIDE) acc = vshlq_s32(acc, vldrwq_s32(scaling + 8));
    h = vqrdmulhq_s32(acc, vldrwq_s32(scaling));
    if (mode == NH_SIGNED) h = vaddq_s32(h, vshrq_n_s32(acc, 31));
    if (mode == NH_WIDE) h = vqaddq_s32(h, vshrq_n_s32(vandq_s32(h, right), 31));
    return vrshlq_s32(h, right);
}

NH_INLINE int32_t nh_mve_words(int32_t mode) { return mode == NH_WIDE ? 12 : 8; }

/* Sixteen channels, in the order above, to their int8. */
NH_INLINE int8x16_t nh_mve_narrow(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d, const nh_mve_output_t *p) {
    /* The first operands are overwritten whole. */
    int16x8_t even = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(a), a), b);
    int16x8_t odd = vqmovntq_s32(vqmovnbq_s32(vreinterpretq_s16_s32(c), c), d);
    int8x16_t y;
    even = vqaddq_n_s16(even, (int16_t)p->y_zero);
    odd = vqaddq_n_s16(odd, (int16_t)p->y_zero);
    y = vqmovntq_s16(vqmovnbq_s16(vreinterpretq_s8_s16(even), even), odd);
    return vminq_s8(vmaxq_s8(y, vdupq_n_s8((int8_t)p->low)), vdupq_n_s8((int8_t)p->high));
}

/* Four channels with their zero point, clamped. */
NH_INLINE int32x4_t nh_mve_clamp(int32x4_t v, const nh_mve_output_t *p) {
    return vminq_s32(vmaxq_s32(vqaddq_n_s32(v, p->y_zero), vdupq_n_s32(p->low)), vdupq_n_s32(p->high));
}

/* For a fused activation that leaves less than int8: after the kernel, over all that it wrote. */
NH_INLINE void nh_mve_clamp_s8(int8_t *y, int32_t n, int32_t low, int32_t high) {
    if (low == -128 && high == 127) return;
    for (; n > 0; n -= 16, y += 16) {
        mve_pred16_t left = vctp8q((uint32_t)n);
        int8x16_t v = vmaxq_s8(vldrbq_z_s8(y, left), vdupq_n_s8((int8_t)low));
        vstrbq_p_s8(y, vminq_s8(v, vdupq_n_s8((int8_t)high)), left);
    }
}

/* n bytes, n > 0; the last of the loop's iterations touches only what is left. */
NH_INLINE void nh_mve_copy(int8_t *to, const int8_t *from, int32_t n) {
    __asm volatile("dlstp.8 lr, %2\n"
                   "1: vldrb.8 q0, [%1], #16\n"
                   "vstrb.8 q0, [%0], #16\n"
                   "letp lr, 1b"
                   : "+r"(to), "+r"(from)
                   : "r"(n)
                   : "lr", "q0", "memory");
}

NH_INLINE void nh_mve_fill(int8_t *to, int32_t value, int32_t n) {
    __asm volatile("vdup.8 q0, %2\n"
                   "dlstp.8 lr, %1\n"
                   "1: vstrb.8 q0, [%0], #16\n"
                   "letp lr, 1b"
                   : "+r"(to)
                   : "r"(n), "r"(value)
                   : "lr", "q0", "memory");
}

#endif
