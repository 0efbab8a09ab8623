/* One row of values times all weights, for Armv7E-M: FULLY_CONNECTED, and CONV_2D with one output position. */
#ifndef NH_ROW_DSP_H
#define NH_ROW_DSP_H
#include "../include/dsp.h"

/* The order is that of the stack frame below. */
typedef struct {
    int8_t *y;
    const int32_t *channels; /* with twice the bias: nh_channel_t, or only biases where all else is `uniform` */
    const int8_t *y_end;     /* the last group of channels is the last four, whatever was before: y_c >= 4 */
    const int8_t *x;         /* [depth], anywhere */
    int32_t words;           /* of four values, before the last */
    uint32_t last;           /* word of x; what is beyond depth counts for nothing */
    const int32_t *uniform;  /* multiplier, right shift, rounding */
    const uint32_t *weights; /* [group][depth / 4][4]: int16 256 * b + a for k = 0, 2; for 1, 3; then 256 * d + c;
                                or bytes of a, b, c, d */
} nh_row_t;

/* As in block_dsp.h. r0, r1: sums r and a of channels a and b; r2, r3: of c and d; r4, r5: x; r6-r9: weights. */
#define NH_ROW_FOUR                                                                               \
    "ldm r10!, {r6, r7, r8, r9}\n sxtb16 r5, r4, ror #8\n sxtb16 r4, r4\n"                        \
    "smlad r0, r6, r4, r0\n smlad r2, r8, r4, r2\n smlad r0, r7, r5, r0\n smlad r2, r9, r5, r2\n" \
    "sxtb16 r6, r6\n sxtb16 r7, r7\n sxtb16 r8, r8\n sxtb16 r9, r9\n"                            \
    "smlad r1, r6, r4, r1\n smlad r3, r8, r4, r3\n smlad r1, r7, r5, r1\n smlad r3, r9, r5, r3\n"
/* Weights as bytes, for any that pairs do not hold: r6-r9: four k of channels a, b, c, d; sums r1, r0, r3, r2. */
#define NH_ROW_BYTES_OF(w, sum)                                            \
    "sxtb16 r12, " w ", ror #8\n smlad " sum ", r12, r5, " sum "\n sxtb16 " w ", " w "\n" \
    "smlad " sum ", " w ", r4, " sum "\n"
#define NH_ROW_BYTES                                                              \
    "ldm r10!, {r6, r7, r8, r9}\n sxtb16 r5, r4, ror #8\n sxtb16 r4, r4\n"        \
    NH_ROW_BYTES_OF("r6", "r1") NH_ROW_BYTES_OF("r7", "r0") NH_ROW_BYTES_OF("r8", "r3") NH_ROW_BYTES_OF("r9", "r2")
/* v becomes twice the accumulator; r4 bias, r5 multiplier, r6 right shift, r7 rounding. */
#define NH_ROW_STORE(load, v, shift)                                                                  \
    load "add " v ", r4, " v ", " shift "\n add r9, r7, " v ", asr #31\n smmlar " v ", " v ", r5, r9\n" \
    "asr " v ", " v ", r6\n ssat " v ", #8, " v "\n strb " v ", [r8], #1\n"

#define NH_ROW_KERNEL(name, four, sums, odd, constants, load)                                                 \
    NH_KERNEL __attribute__((noinline)) void name(const nh_row_t *row) {                                      \
        register const nh_row_t *r0 __asm("r0") = row;                                                        \
        __asm volatile(                                                                                       \
            "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                                       \
            "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r10}\n"                                                     \
            "push {r1, r2, r3, r4, r5, r6, r7}\n"                                                             \
            "1:\n"                                                                                            \
            "ldrd r11, lr, [sp, #12]\n"                                                                       \
            "movs r0, #0\n movs r1, #0\n movs r2, #0\n movs r3, #0\n"                                         \
            "lsrs lr, lr, #1\n bcc 4f\n b 3f\n"                                                               \
            "2: ldr r4, [r11], #4\n" four                                                                     \
            "3: ldr r4, [r11], #4\n" four                                                                     \
            "4: subs lr, lr, #1\n bge 2b\n"                                                                   \
            "ldr r4, [sp, #20]\n" four sums                                                                   \
            "ldrd r8, r11, [sp]\n" constants                                                                  \
            NH_ROW_STORE(load, "r1", "lsl #1") NH_ROW_STORE(load, "r0", odd)                                  \
            NH_ROW_STORE(load, "r3", "lsl #1") NH_ROW_STORE(load, "r2", odd)                                  \
            "ldr r4, [sp, #8]\n subs r5, r4, #4\n cmp r8, r5\n"                                               \
            "it hi\n movhi r12, r5\n it ls\n movls r12, r8\n"                                                 \
            "strd r12, r11, [sp]\n"                                                                           \
            "cmp r8, r4\n bne 1b\n"                                                                           \
            "add sp, sp, #28\n"                                                                               \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                                        \
            : "+r"(r0)                                                                                        \
            :                                                                                                 \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                                 \
    }
#define NH_ROW_OWN "", "ldm r11!, {r4, r5, r6, r7}\n"
#define NH_ROW_UNIFORM "ldr r4, [sp, #24]\n ldm r4, {r5, r6, r7}\n", "ldr r4, [r11], #4\n"
#define NH_ROW_PAIRS NH_ROW_FOUR, "subs r0, r0, r1\n subs r2, r2, r3\n", "asr #7"
#define NH_ROW_PLAIN NH_ROW_BYTES, "", "lsl #1"
#define NH_ROW_EXPAND(name, what, constants) NH_ROW_KERNEL(name, what, constants)
NH_ROW_EXPAND(nh_row_dsp, NH_ROW_PAIRS, NH_ROW_OWN)
NH_ROW_EXPAND(nh_row_uniform_dsp, NH_ROW_PAIRS, NH_ROW_UNIFORM)
NH_ROW_EXPAND(nh_row_bytes_dsp, NH_ROW_PLAIN, NH_ROW_OWN)
NH_ROW_EXPAND(nh_row_uniform_bytes_dsp, NH_ROW_PLAIN, NH_ROW_UNIFORM)

/* [depth] times all weights; a row of fewer than four outputs is made beside y. */
NH_INLINE void nh_row(nh_row_t *row, void (*kernel)(const nh_row_t *), const int8_t *x, int32_t depth, int8_t *y,
                      int32_t y_c) {
    int8_t few[4];
    int8_t *to = y_c < 4 ? few : y;
    row->y = to, row->y_end = to + nh_max(y_c, 4), row->x = x, row->words = (depth - 1) >> 2;
    row->last = depth & 3 ? nh_tail(x + (depth & ~3), depth & 3) : nh_word(x + depth - 4);
    kernel(row);
    for (int32_t c = 0; c < y_c && y_c < 4; c++) y[c] = few[c];
}

#endif
