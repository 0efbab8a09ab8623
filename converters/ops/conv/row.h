/* One row of values times all weights, portable: FULLY_CONNECTED, and CONV_2D with one output position. */
#ifndef NH_ROW_H
#define NH_ROW_H
#include "../include/requantize.h"

/* The order is that of the stack frames below. */
typedef struct {
    int8_t *y;
    const int32_t *channels; /* with twice the bias: nh_channel_t, or only biases where all else is `uniform` */
    int8_t *y_end;           /* the last group of channels is the last four, whatever was before: y_c >= 4 */
    const int8_t *x, *x_end;
    int32_t start;           /* what the offset of the weights adds too much */
    uint32_t skip;           /* where the loop over four k begins */
    const int32_t *uniform;  /* multiplier, right shift, rounding */
    const uint8_t *weights;  /* [group][depth][4]: w + 128 */
} nh_fours_t;

#if defined(__thumb2__)
#define NH_FOURS_STEP_BYTES 36u
#define NH_FOURS_STEP                                                                                    \
    "ldrsb r4, [r11], #1\n ldrb r5, [r10], #1\n mla r0, r4, r5, r0\n ldrb r5, [r10], #1\n"               \
    "mla r1, r4, r5, r1\n ldrb r5, [r10], #1\n mla r2, r4, r5, r2\n ldrb r5, [r10], #1\n mla r3, r4, r5, r3\n"
/* v becomes twice the accumulator; r5 bias, r6 multiplier, r7 right shift, r9 rounding; as nh_scaled. */
#define NH_FOURS_STORE(load, v)                                                                          \
    load "add " v ", r5, " v ", lsl #1\n add lr, r9, " v ", asr #31\n mov r11, #0x80000000\n"            \
    "smlal r11, lr, " v ", r6\n asr lr, lr, r7\n ssat lr, #8, lr\n strb lr, [r8], #1\n"

#define NH_FOURS_KERNEL(name, constants, load)                                                           \
    NH_KERNEL __attribute__((noinline)) void name(const nh_fours_t *row) {                               \
        register const nh_fours_t *r0 __asm("r0") = row;                                                 \
        __asm volatile(                                                                                  \
            "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                                  \
            "ldm r0, {r1, r2, r3, r4, r5, r6, r7, r8, r10}\n"                                            \
            "push {r1, r2, r3, r4, r5, r6, r7, r8}\n"                                                    \
            "1:\n"                                                                                       \
            "ldrd r11, r12, [sp, #12]\n"                                                                 \
            "ldrd r0, r1, [sp, #20]\n"                                                                   \
            "adr r2, 2f\n add r4, r2, r1\n mov r1, r0\n mov r2, r0\n mov r3, r0\n bx r4\n"                \
            ".balign 4\n"                                                                                \
            "2:\n" NH_FOURS_STEP NH_FOURS_STEP NH_FOURS_STEP NH_FOURS_STEP                               \
            "cmp r11, r12\n bne 2b\n"                                                                    \
            "ldrd r8, r4, [sp]\n" constants                                                              \
            NH_FOURS_STORE(load, "r0") NH_FOURS_STORE(load, "r1")                                        \
            NH_FOURS_STORE(load, "r2") NH_FOURS_STORE(load, "r3")                                        \
            "ldr r5, [sp, #8]\n subs r6, r5, #4\n cmp r8, r6\n"                                          \
            "it hi\n movhi r12, r6\n it ls\n movls r12, r8\n"                                            \
            "strd r12, r4, [sp]\n"                                                                       \
            "cmp r8, r5\n bne 1b\n"                                                                      \
            "add sp, sp, #32\n"                                                                          \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                                   \
            : "+r"(r0)                                                                                   \
            :                                                                                            \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                            \
    }
NH_FOURS_KERNEL(nh_fours, "", "ldm r4!, {r5, r6, r7, r9}\n")
NH_FOURS_KERNEL(nh_fours_uniform, "ldr r5, [sp, #28]\n ldm r5, {r6, r7, r9}\n", "ldr r5, [r4], #4\n")
#else
#define NH_FOURS_STEP_BYTES 0u
/* step: words from one channel's bias to the next; scale: the other members of the first channel, scale_step apart. */
NH_INLINE void nh_fours_of(const nh_fours_t *p, int32_t step, const int32_t *scale, int32_t scale_step) {
    const uint8_t *w = p->weights;
    const int32_t *bias = p->channels;
    for (int8_t *y = p->y;;) {
        uint32_t sum[4];
        uint32_t a = (uint32_t)p->start, b = a, c = a, d = a;
        for (const int8_t *x = p->x; x != p->x_end; x++, w += 4) {
            uint32_t v = (uint32_t)*x;
            a += v * w[0], b += v * w[1], c += v * w[2], d += v * w[3];
        }
        sum[0] = a, sum[1] = b, sum[2] = c, sum[3] = d;
        for (int32_t i = 0; i < 4; i++, bias += step, scale += scale_step) {
            int32_t acc = (*bias >> 1) + (int32_t)sum[i];
            *y++ = (int8_t)nh_saturate_s8(nh_requantize(acc, scale[0], scale[1], scale[2]));
        }
        if (y == p->y_end) return;
        if (y > p->y_end - 4) y = p->y_end - 4;
    }
}

NH_KERNEL __attribute__((noinline)) void nh_fours(const nh_fours_t *p) { nh_fours_of(p, 4, p->channels + 1, 4); }

NH_KERNEL __attribute__((noinline)) void nh_fours_uniform(const nh_fours_t *p) { nh_fours_of(p, 1, p->uniform, 0); }
#endif

NH_INLINE int32_t nh_total(const int8_t *x, int32_t n) {
    int32_t sum = 0;
    for (; n >= 4; n -= 4, x += 4) sum += x[0] + x[1] + x[2] + x[3];
    for (; n > 0; n--) sum += *x++;
    return sum;
}

/* [depth] times all weights; a row of fewer than four outputs is made beside y. */
NH_INLINE void nh_row_of_fours(nh_fours_t *row, void (*kernel)(const nh_fours_t *), const int8_t *x, int32_t depth,
                               int8_t *y, int32_t y_c) {
    int8_t few[4];
    int8_t *to = y_c < 4 ? few : y;
    row->y = to, row->y_end = to + nh_max(y_c, 4), row->x = x, row->x_end = x + depth;
    row->start = -128 * nh_total(x, depth);
    row->skip = (uint32_t)(-depth & 3) * NH_FOURS_STEP_BYTES + 1; /* Thumb */
    kernel(row);
    for (int32_t c = 0; c < y_c && y_c < 4; c++) y[c] = few[c];
}

#endif
