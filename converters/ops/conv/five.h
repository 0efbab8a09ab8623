/* Five windows times all channels: for cores without SIMD, which load five words of x in one instruction. */
#ifndef NH_FIVE_H
#define NH_FIVE_H
#include "../include/requantize.h"

/* The order is that of the stack frames below. */
typedef struct {
    int8_t *y[5];                 /* first output of each window */
    const nh_channel_t *channels; /* with twice the bias */
    int32_t channel, y_c;         /* the first is 0 */
    const int32_t *x;             /* [1 + depth][5]; the first five are what the offset of the weights adds too much */
    const int32_t *x_end;
    const uint8_t *weights; /* [y_c][depth]: w + 128; depth a multiple of 4 */
} nh_five_t;

/* Windows as words; depth is rounded up with zeros. Gives the end. */
NH_INLINE const int32_t *nh_five_pack(int32_t *to, const int8_t *const x[5], int32_t depth) {
    int32_t padded = (depth + 3) & ~3;
    for (int32_t i = 0; i < 5; i++) {
        int32_t sum = 0, *at = to + i;
        for (int32_t k = 0; k < depth; k++) sum += x[i][k], at += 5, *at = x[i][k];
        for (int32_t k = depth; k < padded; k++) at += 5, *at = 0;
        to[i] = -128 * sum;
    }
    return to + 5 * (padded + 1);
}

#if defined(__thumb2__)
#define NH_FIVE_STEP                                                                         \
    "ldrb r10, [r12], #1\n ldm r11!, {r5, r6, r7, r8, r9}\n mla r0, r10, r5, r0\n"           \
    "mla r1, r10, r6, r1\n mla r2, r10, r7, r2\n mla r3, r10, r8, r3\n mla r4, r10, r9, r4\n"
/* v: twice the accumulator; r8 multiplier, r9 right shift, r10 rounding, r11 channel; as nh_scaled. */
#define NH_FIVE_STORE(v, y)                                                                              \
    "add r6, r10, " v ", asr #31\n mov r5, #0x80000000\n smlal r5, r6, " v ", r8\n asr r6, r6, r9\n"     \
    "ssat r6, #8, r6\n ldr r7, [sp, #" y "]\n strb r6, [r7, r11]\n"

NH_KERNEL __attribute__((noinline)) void nh_five(const nh_five_t *five) {
    register const nh_five_t *r0 __asm("r0") = five;
    __asm volatile(
        "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r12}\n"
        "push {r1, r2, r3, r4, r5, r6, r7, r8, r9, r10}\n"
        "1:\n" /* a channel */
        "ldrd r11, lr, [sp, #32]\n"
        "ldm r11!, {r0, r1, r2, r3, r4}\n"
        "2:\n" NH_FIVE_STEP NH_FIVE_STEP NH_FIVE_STEP NH_FIVE_STEP
        "cmp r11, lr\n"
        "bne 2b\n"
        "ldr r5, [sp, #20]\n"
        "ldm r5!, {r7, r8, r9, r10}\n"
        "str r5, [sp, #20]\n"
        "ldr r11, [sp, #24]\n"
        "add r0, r7, r0, lsl #1\n add r1, r7, r1, lsl #1\n add r2, r7, r2, lsl #1\n"
        "add r3, r7, r3, lsl #1\n add r4, r7, r4, lsl #1\n"
        NH_FIVE_STORE("r0", "0") NH_FIVE_STORE("r1", "4") NH_FIVE_STORE("r2", "8")
        NH_FIVE_STORE("r3", "12") NH_FIVE_STORE("r4", "16")
        "ldr r5, [sp, #28]\n"
        "add r11, r11, #1\n"
        "str r11, [sp, #24]\n"
        "cmp r11, r5\n"
        "bne 1b\n"
        "add sp, sp, #40\n"
        "pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}
#else
NH_KERNEL __attribute__((noinline)) void nh_five(const nh_five_t *p) {
    const uint8_t *w = p->weights;
    for (int32_t j = 0; j < p->y_c; j++) {
        const nh_channel_t *c = p->channels + j;
        uint32_t sum[5];
        memcpy(sum, p->x, sizeof sum);
        for (const int32_t *x = p->x + 5; x < p->x_end; x += 5, w++) {
            for (int32_t i = 0; i < 5; i++) sum[i] += *w * (uint32_t)x[i];
        }
        for (int32_t i = 0; i < 5; i++) p->y[i][j] = nh_requantize_s8((c->bias >> 1) + (int32_t)sum[i], c);
    }
}
#endif

/* Outputs y_c apart from windows `step` apart. Where fewer than five are left, the last is made again: it is written
   more than once, with the same value. scratch: 20 bytes for each k and 20 more. */
NH_INLINE void nh_fives(nh_five_t *five, const int8_t *x, int32_t step, int32_t depth, int8_t *y, int32_t left,
                        int32_t *scratch) {
    const int8_t *window[5];
    for (int32_t i = 0; i < 5; i++) {
        int32_t at = nh_min(i, left - 1);
        window[i] = x + at * step, five->y[i] = y + at * five->y_c;
    }
    five->x = scratch, five->x_end = nh_five_pack(scratch, window, depth);
    nh_five(five);
}

#endif
