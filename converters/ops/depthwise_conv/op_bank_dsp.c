/* DEPTHWISE_CONV_2D of one channel with a bank of filters, Armv7E-M: filters of up to 8 bands, stride 2 along bands.
   The rows that a frame of outputs sees are kept as int16; two neighbouring outputs share all but one word. */
#include "../include/dsp.h"
#include "../include/ring.h"
#include "op.h"

#define NH_BANK_ROW 96 /* bytes: the assembly steps from row to row by it */

/* Outputs of a frame and a filter; the assembly reads it in this order, and counts in it. */
typedef struct {
    const int16_t *x;
    const uint32_t *weights, *end; /* rows of 8 int16, twice the filter's */
    int32_t bias; /* twice */
    int32_t multiplier, rounding, right;
    int8_t *y;
    int32_t y_c, pairs;
} nh_bank_pairs_t;

#define NH_BANK_STEP                            \
    "ldm r0, {r4, r5, r6, r7, r8}\n\t"          \
    "add r0, r0, #96\n\t"                       \
    "ldm r1!, {r9, r10, r11, r12}\n\t"          \
    "smlad r2, r9, r4, r2\n\t"                  \
    "smlad r3, r9, r5, r3\n\t"                  \
    "smlad r2, r10, r5, r2\n\t"                 \
    "smlad r3, r10, r6, r3\n\t"                 \
    "smlad r2, r11, r6, r2\n\t"                 \
    "smlad r3, r11, r7, r3\n\t"                 \
    "smlad r2, r12, r7, r2\n\t"                 \
    "smlad r3, r12, r8, r3\n\t"

/* r2, r3: sums; r4-r8: x; r9-r12: weights. Registers are saved here and not declared, as compilers keep some. */
static __attribute__((noinline, unused)) void nh_bank_pairs(nh_bank_pairs_t *k) {
    register nh_bank_pairs_t *r0 __asm("r0") = k;
    __asm volatile(
        "push {r0, r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
        "1:\n\t"
        "ldr r12, [sp]\n\t"
        "ldm r12, {r0, r1, lr}\n\t"
        "ldr r2, [r12, #12]\n\t"
        "sub r4, lr, r1\n\t"
        "mov r3, r2\n\t"
        "lsls r4, r4, #27\n\t" /* bit 4, rows are odd in number: into the sign */
        "bmi 3f\n\t"
        "2:\n\t" NH_BANK_STEP
        "3:\n\t" NH_BANK_STEP
        "cmp r1, lr\n\t"
        "bne 2b\n\t"
        "ldr r12, [sp]\n\t"
        "add r4, r12, #16\n\t"
        "ldm r4, {r5, r6, r7, r8, r9, r11}\n\t"
        "add r10, r6, r2, asr #31\n\t"
        "smmlar r2, r2, r5, r10\n\t"
        "add r10, r6, r3, asr #31\n\t"
        "smmlar r3, r3, r5, r10\n\t"
        "asr r2, r2, r7\n\t"
        "asr r3, r3, r7\n\t"
        "ssat r2, #8, r2\n\t"
        "ssat r3, #8, r3\n\t"
        "strb r2, [r8]\n\t"
        "strb r3, [r8, r9]\n\t"
        "add r8, r8, r9, lsl #1\n\t"
        "ldr r0, [r12]\n\t"
        "str r8, [r12, #28]\n\t"
        "add r0, r0, #8\n\t"
        "subs r11, r11, #1\n\t"
        "str r0, [r12]\n\t"
        "str r11, [r12, #36]\n\t"
        "bne 1b\n\t"
        "pop {r0, r4, r5, r6, r7, r8, r9, r10, r11}\n\t"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

/* One frame of outputs: weights are for each filter the constants bias, multiplier, rounding, right, then rows. */
NH_INLINE void nh_bank_frame(const nh_depthwise_t *p, const int16_t *rows, int8_t *y) {
    const int32_t *w = (const int32_t *)p->weights;
    const int32_t words = 4 * p->k_t, even = p->y_f & ~1;
    for (int32_t c = 0; c < p->y_c; c++, w += 4 + words) {
        const uint32_t *from = (const uint32_t *)w + 4;
        nh_bank_pairs_t k = {rows, from, from + words, w[0], w[1], w[2], w[3], y + c, p->y_c, even / 2};
        nh_bank_pairs(&k);
        if (even == p->y_f) continue;
        /* The last two once more. */
        k.x = rows + 2 * (p->y_f - 2);
        k.y = y + (p->y_f - 2) * p->y_c + c;
        k.pairs = 1;
        nh_bank_pairs(&k);
    }
}

/* A row of x inside the padding. */
NH_INLINE void nh_bank_fill(const nh_depthwise_t *p, const nh_ring_t *x, int32_t row, int16_t *to) {
    const int inside = (uint32_t)row < (uint32_t)p->x_t;
    const int8_t *at = inside ? nh_ring_row(x, row * p->x_f) : NULL;
    const int32_t n = nh_min(p->x_f, NH_BANK_ROW / 2 - p->pad_f);
    for (int32_t i = 0; i < n; i++) to[p->pad_f + i] = (int16_t)(inside ? at[i] : p->x_zero);
}

NH_KERNEL void nh_depthwise_bank_ring_s8(const nh_depthwise_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int16_t *rows = (int16_t *)scratch;
    const int32_t row = NH_BANK_ROW / 2, kept = nh_max(0, p->k_t - p->stride_t);
    for (int32_t i = 0; i < p->k_t * row; i++) rows[i] = (int16_t)p->x_zero;
    for (int32_t t = 0; t < p->y_t; t++) {
        int32_t have = t ? kept : 0;
        char *to = (char *)rows, *end = to + have * NH_BANK_ROW;
        for (; to < end; to += 32) {
            memcpy(__builtin_assume_aligned(to, 4),
                   __builtin_assume_aligned(to + p->stride_t * NH_BANK_ROW, 4), 32);
        }
        for (; have < p->k_t; have++) nh_bank_fill(p, x, t * p->stride_t - p->pad_t + have, rows + have * row);
        nh_bank_frame(p, rows, y + t * p->y_f * p->y_c);
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_depthwise_bank_s8(const nh_depthwise_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f);
    nh_depthwise_bank_ring_s8(p, &plain, y, scratch);
}
