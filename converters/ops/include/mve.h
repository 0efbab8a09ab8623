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

/* NH_WIDE: four accumulators to outputs. */
NH_INLINE int32x4_t nh_mve_scale_wide(int32x4_t acc, const int32_t *scaling, const nh_mve_output_t *p) {
    int32x4_t right = vldrwq_s32(scaling + 4);
    int32x4_t h = vqrdmulhq_s32(vshlq_s32(acc, vldrwq_s32(scaling + 8)), vldrwq_s32(scaling));
    /* Halves away from zero, where there is a right shift. */
    h = vrshlq_s32(vqaddq_s32(h, vshrq_n_s32(vandq_s32(h, right), 31)), right);
    return vminq_s32(vmaxq_s32(vqaddq_n_s32(h, p->y_zero), vdupq_n_s32(p->low)), vdupq_n_s32(p->high));
}

/* For assembly: four accumulators in a register scaled with the constants at `from`; q4 and q5 are lost. */
#define NH_MVE_SCALED(q, from, sign)           \
    "vldrw.32 q4, [" from "], #16\n"           \
    "vqrdmulh.s32 " q ", " q ", q4\n" sign(q)  \
    "vldrw.32 q4, [" from "], #16\n"           \
    "vrshl.s32 " q ", " q ", q4\n"

/* NH_SIGNED: halves away from zero, so one less before the rounding shift where negative. */
#define NH_MVE_AWAY(q) "vshr.s32 q5, " q ", #31\n" "vadd.i32 " q ", " q ", q5\n"
#define NH_MVE_UPWARDS(q) ""

/* For assembly: the sixteen accumulators in q0 .. q3 become int8 in q0. */
#define NH_MVE_SIXTEEN(from, zero, sign)                             \
    NH_MVE_SCALED("q0", from, sign) NH_MVE_SCALED("q1", from, sign)  \
    NH_MVE_SCALED("q2", from, sign) NH_MVE_SCALED("q3", from, sign)  \
    "vqmovnb.s32 q0, q0\n"                                           \
    "vqmovnb.s32 q2, q2\n"                                           \
    "vqmovnt.s32 q0, q1\n"                                           \
    "vqmovnt.s32 q2, q3\n"                                           \
    "vqadd.s16 q0, q0, " zero "\n"                                   \
    "vqadd.s16 q2, q2, " zero "\n"                                   \
    "vqmovnb.s16 q0, q0\n"                                           \
    "vqmovnt.s16 q0, q2\n"

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
