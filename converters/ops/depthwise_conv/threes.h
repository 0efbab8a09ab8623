/* Windows of 3 x 3 on Armv6-M: a channel's outputs in threes, one tap's weight for three windows at a time. The same
   as the passes of op_plane.c, which other cores and other windows take. */
#ifndef NH_DEPTHWISE_THREES_H
#define NH_DEPTHWISE_THREES_H
#include "plane.h"

#if defined(__ARM_ARCH_6M__)
/* The order is that of the stack frame below. */
typedef struct {
    int8_t *y;
    const uint8_t *x;   /* x + 128, four channels beside each other */
    int32_t row;        /* bytes from a row of the window to the next */
    int32_t y_outer_step, x_outer_step; /* bytes from a row of outputs to the next */
    int32_t span;       /* from the first three's first output to the last one's */
    int32_t back;       /* bytes of x that the last three share with the one before */
    int32_t rows;       /* of outputs */
    int32_t bias;
    int32_t weights[9];
    int32_t coarse, fine, offset, shift, y_step;
} nh_threes_t;

#define NH_THREES_TAP(w, x, a, b, c)                                                             \
    "ldr r3, [sp, #" w "]\n ldrb r4, [" x ", #" a "]\n muls r4, r3, r4\n adds r5, r5, r4\n"       \
    "ldrb r4, [" x ", #" b "]\n muls r4, r3, r4\n adds r6, r6, r4\n"                             \
    "ldrb r4, [" x ", #" c "]\n muls r4, r3, r4\n adds r7, r7, r4\n"
#define NH_THREES_ROW_1(w0, w1, w2, x)                                                           \
    NH_THREES_TAP(w0, x, "0", "4", "8") NH_THREES_TAP(w1, x, "4", "8", "12")                     \
    NH_THREES_TAP(w2, x, "8", "12", "16") "adds " x ", #12\n"
#define NH_THREES_ROW_2(w0, w1, w2, x)                                                           \
    NH_THREES_TAP(w0, x, "0", "8", "16") NH_THREES_TAP(w1, x, "4", "12", "20")                   \
    NH_THREES_TAP(w2, x, "8", "16", "24") "adds " x ", #24\n"
/* r8 y, r9 coarse, r10 offset, r11 shift, r12 y_step, lr fine */
#define NH_THREES_STORE(v)                                                                       \
    "mov r3, lr\n muls r3, " v ", r3\n asrs r3, r3, #12\n mov r4, r9\n muls " v ", r4, " v "\n"   \
    "adds " v ", " v ", r3\n add " v ", r10\n mov r4, r11\n asrs " v ", r4\n"                     \
    "sxtb r3, " v "\n cmp r3, " v "\n beq 9f\n asrs " v ", " v ", #31\n movs r3, #127\n"          \
    "eors r3, " v "\n 9:\n mov r4, r8\n strb r3, [r4]\n add r8, r12\n"

#define NH_THREES_KERNEL(S)                                                                      \
    NH_KERNEL __attribute__((noinline)) void nh_threes_##S(const nh_threes_t *threes) {           \
        register const nh_threes_t *r0 __asm("r0") = threes;                                     \
        __asm volatile(                                                                          \
            ".syntax unified\n"                                                                  \
            "push {r4, r5, r6, r7}\n"                                                            \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"                              \
            "push {r4, r5, r6, r7}\n"                                                            \
            "sub sp, sp, #80\n"                                                                  \
            "mov r1, sp\n"                                                                       \
            "ldmia r0!, {r2, r3, r4, r5, r6, r7}\n stmia r1!, {r2, r3, r4, r5, r6, r7}\n"        \
            "ldmia r0!, {r2, r3, r4, r5, r6, r7}\n stmia r1!, {r2, r3, r4, r5, r6, r7}\n"        \
            "ldmia r0!, {r2, r3, r4, r5, r6, r7}\n stmia r1!, {r2, r3, r4, r5, r6, r7}\n"        \
            "ldmia r0!, {r2, r3, r4, r5, r6}\n"                                                  \
            "mov r9, r2\n mov lr, r3\n mov r10, r4\n mov r11, r5\n mov r12, r6\n"                \
            "1:\n" /* a row of outputs */                                                        \
            "ldr r0, [sp, #4]\n ldr r3, [sp, #8]\n adds r1, r0, r3\n adds r2, r1, r3\n"          \
            "ldr r4, [sp]\n mov r8, r4\n ldr r3, [sp, #20]\n adds r4, r4, r3\n str r4, [sp, #72]\n" \
            "2:\n"                                                                               \
            "ldr r5, [sp, #32]\n movs r6, r5\n movs r7, r5\n"                                    \
            NH_THREES_ROW_##S("36", "40", "44", "r0") NH_THREES_ROW_##S("48", "52", "56", "r1")  \
            NH_THREES_ROW_##S("60", "64", "68", "r2")                                            \
            NH_THREES_STORE("r5") NH_THREES_STORE("r6") NH_THREES_STORE("r7")                    \
            "ldr r3, [sp, #72]\n cmp r3, r8\n blt 5f\n b 2b\n 5:\n"                              \
            "mov r4, r12\n adds r3, r3, r4\n adds r3, r3, r4\n adds r3, r3, r4\n"                \
            "cmp r3, r8\n beq 3f\n"                                                              \
            "ldr r3, [sp, #72]\n mov r8, r3\n"                                                   \
            "ldr r3, [sp, #24]\n subs r0, r0, r3\n subs r1, r1, r3\n subs r2, r2, r3\n b 2b\n"   \
            "3:\n"                                                                               \
            "ldr r0, [sp]\n ldr r1, [sp, #12]\n adds r0, r0, r1\n str r0, [sp]\n"                \
            "ldr r0, [sp, #4]\n ldr r1, [sp, #16]\n adds r0, r0, r1\n str r0, [sp, #4]\n"        \
            "ldr r0, [sp, #28]\n subs r0, r0, #1\n str r0, [sp, #28]\n beq 4f\n b 1b\n"          \
            "4:\n"                                                                               \
            "add sp, sp, #80\n"                                                                  \
            "pop {r4, r5, r6, r7}\n"                                                             \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"                              \
            "pop {r4, r5, r6, r7}\n"                                                             \
            : "+r"(r0)                                                                           \
            :                                                                                    \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                    \
    }
NH_THREES_KERNEL(1)
NH_THREES_KERNEL(2)

/* Nine weights, and two short products as nh_plane_channel_t has them. */
NH_INLINE void nh_threes(const nh_plane_t *p, int32_t bias, const int8_t *w, int32_t multiplier, int32_t offset,
                         int32_t shift, const uint8_t *x, int8_t *y, void (*kernel)(const nh_threes_t *)) {
    const int32_t step = p->y_inner_step;
    nh_threes_t threes = {y, x + 4 * p->passes[0], 4 * (p->passes[1] - p->passes[0]), p->y_outer_step,
                          4 * p->row * p->stride_outer, (p->y_inner - 3) * step, p->threes, p->y_outer, bias,
                          {0}, multiplier >> 16, multiplier & 0xffff, offset, shift, step};
    for (int32_t i = 0; i < 9; i++) threes.weights[i] = w[i];
    kernel(&threes);
}
#endif

#endif
