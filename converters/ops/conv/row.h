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
#define NH_FOURS_SKIP(n) ((uint32_t)(n) * 36u + 1u) /* as a Thumb address */
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
#elif defined(__ARM_ARCH_6M__)
#define NH_FOURS_SKIP(n) (uint32_t)(n)
#define NH_FOURS_OF(i, sum) "ldrb r3, [r1, #" i "]\n muls r3, r2, r3\n adds " sum ", " sum ", r3\n"
/* 28 bytes */
#define NH_FOURS_STEP(i, w0, w1, w2, w3)                          \
    "ldrb r2, [r0, #" i "]\n sxtb r2, r2\n" NH_FOURS_OF(w0, "r4") \
    NH_FOURS_OF(w1, "r5") NH_FOURS_OF(w2, "r6") NH_FOURS_OF(w3, "r7")
/* v: the sum; r4, r5: upper and lower half of the multiplier, r6 right shift, r7 bias; as nh_scaled. */
#define NH_FOURS_STORE(load, v)                                                                          \
    load "mov r0, " v "\n adds r0, r0, r7\n uxth r1, r0\n asrs r2, r0, #16\n"                           \
    "movs r3, r1\n muls r3, r5, r3\n lsrs r3, r3, #16\n muls r1, r4, r1\n adds r3, r3, r1\n"            \
    "movs r1, r2\n muls r1, r5, r1\n adds r3, r3, r1\n ldr r1, [sp, #32]\n adds r3, r3, r1\n"           \
    "lsrs r3, r3, #15\n muls r2, r4, r2\n lsls r2, r2, #1\n adds r3, r3, r2\n"                          \
    "asrs r0, r0, #31\n adds r3, r3, r0\n ldr r1, [sp, #36]\n adds r3, r3, r1\n asrs r3, r3, r6\n"      \
    "sxtb r0, r3\n cmp r0, r3\n beq 9f\n asrs r3, r3, #31\n movs r0, #127\n eors r0, r0, r3\n"          \
    "9:\n ldr r1, [sp]\n strb r0, [r1]\n adds r1, r1, #1\n str r1, [sp]\n"
/* From r5 multiplier, r6 right shift, r7 rounding. */
#define NH_FOURS_SPLIT                                                    \
    "movs r3, #1\n lsls r3, r3, #15\n subs r7, r7, r3\n str r7, [sp, #36]\n" \
    "lsrs r4, r5, #16\n uxth r5, r5\n"

#define NH_FOURS_KERNEL(name, constants, load)                                                           \
    NH_KERNEL __attribute__((noinline)) void name(const nh_fours_t *row) {                               \
        register const nh_fours_t *r0 __asm("r0") = row;                                                 \
        __asm volatile(                                                                                  \
            ".syntax unified\n"                                                                          \
            "push {r4, r5, r6, r7}\n"                                                                    \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"                                      \
            "push {r4, r5, r6, r7}\n"                                                                    \
            "sub sp, sp, #40\n"                                                                          \
            "mov r1, sp\n"                                                                               \
            "ldmia r0!, {r2, r3, r4, r5}\n stmia r1!, {r2, r3, r4, r5}\n"                                \
            "ldmia r0!, {r2, r3, r4, r5}\n stmia r1!, {r2, r3, r4, r5}\n"                                \
            "movs r2, #1\n lsls r2, r2, #16\n adds r2, r2, #1\n lsls r2, r2, #14\n"                      \
            "str r2, [sp, #32]\n"                                                                        \
            "ldr r1, [r0]\n"                                                                             \
            "1:\n"                                                                                       \
            "ldr r3, [sp, #24]\n movs r2, #28\n muls r2, r3, r2\n"                                       \
            "ldr r0, [sp, #12]\n subs r0, r0, r3\n lsls r3, r3, #2\n subs r1, r1, r3\n"                  \
            "adr r3, 2f\n adds r3, r3, r2\n adds r3, r3, #1\n"                                           \
            "ldr r2, [sp, #16]\n mov r8, r2\n"                                                           \
            "ldr r4, [sp, #20]\n movs r5, r4\n movs r6, r4\n movs r7, r4\n"                              \
            "bx r3\n"                                                                                    \
            ".balign 4\n"                                                                                \
            "2:\n" NH_FOURS_STEP("0", "0", "1", "2", "3") NH_FOURS_STEP("1", "4", "5", "6", "7")         \
            NH_FOURS_STEP("2", "8", "9", "10", "11") NH_FOURS_STEP("3", "12", "13", "14", "15")          \
            "adds r0, r0, #4\n adds r1, r1, #16\n cmp r0, r8\n bne 2b\n"                                \
            "mov lr, r1\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n" constants              \
            NH_FOURS_STORE(load, "r8") NH_FOURS_STORE(load, "r9")                                        \
            NH_FOURS_STORE(load, "r10") NH_FOURS_STORE(load, "r11")                                      \
            "mov r1, lr\n ldr r0, [sp]\n ldr r2, [sp, #8]\n cmp r0, r2\n beq 3f\n"                       \
            "subs r2, r2, #4\n cmp r0, r2\n bls 4f\n str r2, [sp]\n"                                     \
            "4:\n b 1b\n"                                                                               \
            "3:\n"                                                                                       \
            "add sp, sp, #40\n"                                                                          \
            "pop {r4, r5, r6, r7}\n"                                                                     \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"                                      \
            "pop {r4, r5, r6, r7}\n"                                                                     \
            : "+r"(r0)                                                                                   \
            :                                                                                            \
            : "r1", "r2", "r3", "lr", "cc", "memory");                                                   \
    }
NH_FOURS_KERNEL(nh_fours, "",
                "ldr r3, [sp, #4]\n ldmia r3!, {r4, r5, r6, r7}\n str r3, [sp, #4]\n asrs r2, r4, #1\n" NH_FOURS_SPLIT
                "movs r7, r2\n")
NH_FOURS_KERNEL(nh_fours_uniform, "ldr r3, [sp, #28]\n ldmia r3!, {r5, r6, r7}\n" NH_FOURS_SPLIT,
                "ldr r3, [sp, #4]\n ldmia r3!, {r7}\n str r3, [sp, #4]\n asrs r7, r7, #1\n")
#else
#define NH_FOURS_SKIP(n) (uint32_t)(n)
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
    row->skip = NH_FOURS_SKIP(-depth & 3);
    kernel(row);
    for (int32_t c = 0; c < y_c && y_c < 4; c++) y[c] = few[c];
}

#endif
