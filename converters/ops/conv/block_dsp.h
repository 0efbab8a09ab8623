/* Three rows of values times all weights: the inner part of CONV_2D for Armv7E-M. */
#ifndef NH_BLOCK_DSP_H
#define NH_BLOCK_DSP_H
#include "../include/dsp.h"

/* The order is that of the stack frame below. */
typedef struct {
    int8_t *y0, *y1, *y2;        /* first output of each row */
    const int32_t *channels;     /* nh_channel_t, with twice the bias */
    int8_t *y0_end;
    const uint32_t *x;           /* [depth / 4][2][3 rows]: bytes 0 and 2, then 1 and 3, as int16 */
    uintptr_t x_end;             /* 1 lower when depth / 4 is odd */
    const uint32_t *weights;     /* [y_c / 2][depth / 4][2]: int16 256 * b + a of channels a and b */
} nh_block_t;

/* So many words of three rows to int16 as nh_block_t.x has them; gives their end. */
NH_KERNEL __attribute__((noinline)) uint32_t *nh_block_pack(uint32_t *to, const int8_t *x0, const int8_t *x1,
                                                            const int8_t *x2, int32_t words) {
    __asm volatile(
        "1:\n"
        "ldr r4, [%1], #4\n ldr r5, [%2], #4\n ldr r6, [%3], #4\n"
        "sxtb16 r8, r4\n sxtb16 r9, r5\n sxtb16 r10, r6\n"
        "stm %0!, {r8, r9, r10}\n"
        "sxtb16 r8, r4, ror #8\n sxtb16 r9, r5, ror #8\n sxtb16 r10, r6, ror #8\n"
        "stm %0!, {r8, r9, r10}\n"
        "subs %4, %4, #1\n"
        "bne 1b\n"
        : "+r"(to), "+r"(x0), "+r"(x1), "+r"(x2), "+r"(words)
        :
        : "r4", "r5", "r6", "r8", "r9", "r10", "cc", "memory");
    return to;
}

/* With x a word of two values, w = 256 * b + a: r += SMLAD(w, x) is sum(a x) + 256 sum(b x), and
   a += SMLAD(SXTB16(w), x) is sum(a x); r - a is 256 sum(b x) exactly where |sum(b x)| < 2**23.
   r0-r2: r, r3-r5: a of the three rows, r6 r7: weights, r8-r10: x, r11 x, r12 weights, lr end of x. */
#define NH_BLOCK_STEP(w) \
    "ldm r11!, {r8, r9, r10}\n smlad r0, " w ", r8, r0\n smlad r1, " w ", r9, r1\n smlad r2, " w ", r10, r2\n" \
    "sxtb16 " w ", " w "\n smlad r3, " w ", r8, r3\n smlad r4, " w ", r9, r4\n smlad r5, " w ", r10, r5\n"
#define NH_BLOCK_FOUR "ldrd r6, r7, [r12], #8\n" NH_BLOCK_STEP("r6") NH_BLOCK_STEP("r7")
/* v: twice the accumulator; r8 multiplier, r9 right shift, r10 rounding. */
#define NH_BLOCK_STORE(v, y)                                                                   \
    "add r6, r10, " v ", asr #31\n smmlar r6, " v ", r8, r6\n asr r6, r6, r9\n ssat r6, #8, r6\n" \
    "strb r6, [" y "], #1\n"

NH_KERNEL __attribute__((noinline)) void nh_block_dsp(const nh_block_t *block) {
    register const nh_block_t *r0 __asm("r0") = block;
    __asm volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r12}\n"
        "push {r1, r2, r3, r4, r5, r6, r7}\n"
        "1:\n" /* channels a and b */
        "ldrd r11, lr, [sp, #20]\n"
        "movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n movs r4, #0\n movs r5, #0\n"
        "lsls r6, lr, #31\n"
        "bne 3f\n"
        "2:\n" NH_BLOCK_FOUR
        "3:\n" NH_BLOCK_FOUR
        "cmp r11, lr\n"
        "blo 2b\n"
        "ldr r6, [sp, #12]\n"
        "ldm r6!, {r7, r8, r9, r10}\n"
        "str r6, [sp, #12]\n"
        "subs r0, r0, r3\n subs r1, r1, r4\n subs r2, r2, r5\n"
        "add r3, r7, r3, lsl #1\n add r4, r7, r4, lsl #1\n add r5, r7, r5, lsl #1\n"
        "ldm sp, {r7, r11, lr}\n"
        NH_BLOCK_STORE("r3", "r7") NH_BLOCK_STORE("r4", "r11") NH_BLOCK_STORE("r5", "lr")
        "ldrd r3, r4, [sp, #12]\n"
        "cmp r7, r4\n"
        "beq 4f\n" /* y_c is odd */
        "ldm r3!, {r5, r8, r9, r10}\n"
        "str r3, [sp, #12]\n"
        "add r0, r5, r0, asr #7\n add r1, r5, r1, asr #7\n add r2, r5, r2, asr #7\n"
        NH_BLOCK_STORE("r0", "r7") NH_BLOCK_STORE("r1", "r11") NH_BLOCK_STORE("r2", "lr")
        "stm sp, {r7, r11, lr}\n"
        "cmp r7, r4\n"
        "bne 1b\n"
        "4:\n"
        "add sp, sp, #28\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

#endif
