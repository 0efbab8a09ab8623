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

/* n values into column `at` of nh_five_t.x; `sum` counts them. */
NH_INLINE int32_t *nh_five_append(int32_t *at, const int8_t *x, int32_t n, int32_t *sum) {
    int32_t total = *sum;
#if defined(__ARM_ARCH_6M__)
#define NH_FIVE_APPEND(i, to) \
    "ldrb %4, [%1, #" i "]\n sxtb %4, %4\n adds %3, %3, %4\n str %4, [%0, #" to "]\n"
    if (n >= 4) {
        int32_t v;
        n -= 4;
        __asm volatile(".syntax unified\n"
                       "1:\n" NH_FIVE_APPEND("0", "0") NH_FIVE_APPEND("1", "20") NH_FIVE_APPEND("2", "40")
                           NH_FIVE_APPEND("3", "60") "adds %1, %1, #4\n adds %0, %0, #80\n subs %2, %2, #4\n bge 1b\n"
                       : "+l"(at), "+l"(x), "+l"(n), "+l"(total), "=&l"(v)
                       :
                       : "cc", "memory");
        n += 4;
    }
#endif
    for (; n >= 4; n -= 4, x += 4, at += 20) {
        int32_t a = x[0], b = x[1], c = x[2], d = x[3];
        at[0] = a, at[5] = b, at[10] = c, at[15] = d, total += a + b + c + d;
    }
    for (; n > 0; n--, at += 5) *at = *x++, total += *at;
    *sum = total;
    return at;
}

NH_INLINE int32_t *nh_five_fill(int32_t *at, int32_t value, int32_t n, int32_t *sum) {
    for (int32_t i = 0; i < n; i++, at += 5) *at = value;
    *sum += n * value;
    return at;
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
#elif defined(__ARM_ARCH_6M__)
#define NH_FIVE_STEP(i)                                                                       \
    "ldrb r2, [r1, #" i "]\n ldmia r0!, {r3, r4, r5, r6, r7}\n muls r3, r2, r3\n muls r4, r2, r4\n" \
    "muls r5, r2, r5\n muls r6, r2, r6\n muls r7, r2, r7\n"                                  \
    "add r8, r8, r3\n add r9, r9, r4\n add r10, r10, r5\n add r11, r11, r6\n add r12, r12, r7\n"
/* v: the sum; r4, r5: upper and lower half of the multiplier, r6 right shift, r7 bias; as nh_scaled. */
#define NH_FIVE_STORE(v, y)                                                                           \
    "mov r0, " v "\n adds r0, r0, r7\n uxth r1, r0\n asrs r2, r0, #16\n"                             \
    "movs r3, r1\n muls r3, r5, r3\n lsrs r3, r3, #16\n muls r1, r4, r1\n adds r3, r3, r1\n"         \
    "movs r1, r2\n muls r1, r5, r1\n adds r3, r3, r1\n ldr r1, [sp, #40]\n adds r3, r3, r1\n"        \
    "lsrs r3, r3, #15\n muls r2, r4, r2\n lsls r2, r2, #1\n adds r3, r3, r2\n"                       \
    "asrs r0, r0, #31\n adds r3, r3, r0\n ldr r1, [sp, #44]\n adds r3, r3, r1\n asrs r3, r3, r6\n"   \
    "sxtb r0, r3\n cmp r0, r3\n beq 9f\n asrs r3, r3, #31\n movs r0, #127\n eors r0, r0, r3\n"       \
    "9:\n ldr r1, [sp, #" y "]\n ldr r2, [sp, #24]\n strb r0, [r1, r2]\n"

NH_KERNEL __attribute__((noinline)) void nh_five(const nh_five_t *five) {
    register const nh_five_t *r0 __asm("r0") = five;
    __asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7}\n"
        "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
        "push {r4, r5, r6, r7}\n"
        "sub sp, sp, #48\n"
        "mov r1, sp\n"
        "ldmia r0!, {r2, r3, r4, r5, r6}\n stmia r1!, {r2, r3, r4, r5, r6}\n"
        "ldmia r0!, {r2, r3, r4, r5, r6}\n stmia r1!, {r2, r3, r4, r5, r6}\n"
        "movs r2, #1\n lsls r2, r2, #16\n adds r2, r2, #1\n lsls r2, r2, #14\n" /* 2**30 + 2**14 */
        "str r2, [sp, #40]\n"
        "ldr r1, [r0]\n"
        "1:\n" /* a channel */
        "ldr r0, [sp, #36]\n mov lr, r0\n"
        "ldr r0, [sp, #32]\n"
        "ldmia r0!, {r3, r4, r5, r6, r7}\n"
        "mov r8, r3\n mov r9, r4\n mov r10, r5\n mov r11, r6\n mov r12, r7\n"
        "2:\n" NH_FIVE_STEP("0") NH_FIVE_STEP("1") NH_FIVE_STEP("2") NH_FIVE_STEP("3")
        "adds r1, r1, #4\n"
        "cmp r0, lr\n"
        "bne 2b\n"
        "mov lr, r1\n" /* the weights of the next */
        "ldr r3, [sp, #20]\n"
        "ldmia r3!, {r4, r5, r6, r7}\n" /* twice the bias, multiplier, right shift, rounding */
        "str r3, [sp, #20]\n"
        "movs r3, #1\n lsls r3, r3, #15\n subs r7, r7, r3\n str r7, [sp, #44]\n"
        "asrs r7, r4, #1\n lsrs r4, r5, #16\n uxth r5, r5\n"
        NH_FIVE_STORE("r8", "0") NH_FIVE_STORE("r9", "4") NH_FIVE_STORE("r10", "8")
        NH_FIVE_STORE("r11", "12") NH_FIVE_STORE("r12", "16")
        "mov r1, lr\n"
        "ldr r2, [sp, #24]\n adds r2, r2, #1\n str r2, [sp, #24]\n"
        "ldr r3, [sp, #28]\n cmp r2, r3\n beq 3f\n b 1b\n"
        "3:\n"
        "add sp, sp, #48\n"
        "pop {r4, r5, r6, r7}\n"
        "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
        "pop {r4, r5, r6, r7}\n"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}
#else
NH_KERNEL __attribute__((noinline)) void nh_five(const nh_five_t *p) {
    const uint8_t *w = p->weights;
    for (int32_t j = 0; j < p->y_c; j++) {
        const nh_channel_t *c = p->channels + j;
        const int32_t *x = p->x;
        uint32_t sum[5], a = (uint32_t)x[0], b = (uint32_t)x[1], d = (uint32_t)x[2], e = (uint32_t)x[3];
        uint32_t f = (uint32_t)x[4];
        while ((x += 5) < p->x_end) {
            uint32_t v = *w++;
            a += v * (uint32_t)x[0], b += v * (uint32_t)x[1], d += v * (uint32_t)x[2], e += v * (uint32_t)x[3];
            f += v * (uint32_t)x[4];
        }
        sum[0] = a, sum[1] = b, sum[2] = d, sum[3] = e, sum[4] = f;
        for (int32_t i = 0; i < 5; i++) p->y[i][j] = nh_requantize_s8((c->bias >> 1) + (int32_t)sum[i], c);
    }
}
#endif

/* Zeros up to a whole number of steps, and what the offset of the weights comes to; gives nh_five_t.x_end. */
NH_INLINE const int32_t *nh_five_close(int32_t *x, int32_t column, int32_t depth, int32_t sum) {
    x[column] = -128 * sum;
    for (x += 5 * (depth + 1); depth & 3; depth++, x += 5) x[column] = 0;
    return x;
}

#endif
