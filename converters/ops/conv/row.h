/* One row of values times all weights, portable: FULLY_CONNECTED, and CONV_2D with one output position.

   Four channels share a word of weights b = w + 128. Three products with one x serve all four:

       P = sum x * (b0 + b1 * 2**8 + b2 * 2**16 + b3 * 2**24),  R = the same of the word with its bytes swapped in
       pairs, b1 + b0 * 2**8 + b3 * 2**16 + b2 * 2**24, and H = sum x * (b2 + b3 * 2**8),  modulo 2**32.

   As long as each of the four sums needs at most 24 bits, these 96 bits hold them all (nh_eights_apart);
   NH_EIGHTS_CHUNK values of x cannot need more, whatever the weights. */
#ifndef NH_ROW_H
#define NH_ROW_H
#include "../include/requantize.h"

#define NH_EIGHTS_CHUNK 256 /* 256 * 128 * 255 < 2**23 */

/* The order is that of the assembly. */
typedef struct {
    const uint8_t *weights; /* [n][8 or 4]; moves on */
    const int8_t *x_end;    /* behind n values */
    int32_t n;              /* from 1 to NH_EIGHTS_CHUNK */
    uint32_t sums[8];       /* as words: P, R and H of each four channels; in C: of each channel */
} nh_eights_t;

#if defined(__thumb2__)
#define NH_EIGHTS_WORDS 1
#define NH_EIGHTS_FOUR(word, p, r, h)                                                               \
    "mla " p ", r9, " word ", " p "\n rev16 r8, " word "\n mla " r ", r9, r8, " r "\n"           \
    "lsr.w " word ", " word ", #16\n mla " h ", r9, " word ", " h "\n"
#define NH_EIGHTS_LOAD "ldrsb r9, [r11], #1\n"
#define NH_EIGHTS_EIGHT_STEP                                                                        \
    NH_EIGHTS_LOAD "ldrd r6, r7, [r10], #8\n" NH_EIGHTS_FOUR("r6", "r0", "r1", "r2")             \
    NH_EIGHTS_FOUR("r7", "r3", "r4", "r5")
#define NH_EIGHTS_FOUR_STEP NH_EIGHTS_LOAD "ldr r6, [r10], #4\n" NH_EIGHTS_FOUR("r6", "r0", "r1", "r2")
/* bytes: of a step */
#define NH_EIGHTS_KERNEL(name, step, bytes)                                                         \
    NH_KERNEL __attribute__((noinline)) void name(nh_eights_t *row) {                               \
        register nh_eights_t *r0 __asm("r0") = row;                                                 \
        __asm volatile(                                                                          \
            "push {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                          \
            "mov lr, r0\n ldm lr, {r10, r12}\n ldr r6, [lr, #8]\n sub r11, r12, r6\n"            \
            "rsb r6, r6, #0\n and r6, r6, #3\n mov r7, #" bytes "\n mul r6, r6, r7\n"            \
            "adr r7, 2f\n add r7, r7, r6\n add r7, r7, #1\n"                                     \
            "mov r0, #0\n mov r1, r0\n mov r2, r0\n mov r3, r0\n mov r4, r0\n mov r5, r0\n"      \
            "bx r7\n"                                                                            \
            ".balign 4\n"                                                                        \
            "2:\n" step step step step "cmp r11, r12\n bne 2b\n"                                 \
            "str r10, [lr], #12\n stm lr, {r0, r1, r2, r3, r4, r5}\n"                            \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11}\n"                                           \
            : "+r"(r0)                                                                           \
            :                                                                                    \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                    \
    }
NH_EIGHTS_KERNEL(nh_eights_8, NH_EIGHTS_EIGHT_STEP, "48")
NH_EIGHTS_KERNEL(nh_eights_4, NH_EIGHTS_FOUR_STEP, "28")
#elif defined(__ARM_ARCH_6M__)
#define NH_EIGHTS_WORDS 1
#define NH_EIGHTS_FOUR(word, p, r, h)                                                               \
    "rev16 r5, " word "\n muls r5, r2, r5\n add " r ", r5\n lsrs r5, " word ", #16\n muls r5, r2, r5\n" \
    "add " h ", r5\n muls " word ", r2, " word "\n add " p ", " word "\n"
#define NH_EIGHTS_EIGHT_STEP                                                                        \
    "ldmia r0!, {r3, r4}\n" NH_EIGHTS_FOUR("r3", "r8", "r9", "r10") NH_EIGHTS_FOUR("r4", "r11", "r12", "lr")
#define NH_EIGHTS_FOUR_STEP "ldmia r0!, {r3}\n" NH_EIGHTS_FOUR("r3", "r8", "r9", "r10")
/* Two steps: r7 counts to 0, from an even number. */
#define NH_EIGHTS_TWO(step) "ldrsb r2, [r1, r7]\n" step "ldrsb r2, [r6, r7]\n" step "adds r7, r7, #2\n"
/* bytes: of two steps, halved, one less; what is added to the address of the first makes a Thumb address of any */
#define NH_EIGHTS_KERNEL(name, step, bytes)                                                         \
    NH_KERNEL __attribute__((noinline)) void name(nh_eights_t *row) {                               \
        register nh_eights_t *r0 __asm("r0") = row;                                                 \
        __asm volatile(                                                                          \
            ".syntax unified\n"                                                                  \
            "push {r4, r5, r6, r7}\n"                                                            \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"                              \
            "push {r0, r4, r5, r6, r7}\n"                                                        \
            "ldmia r0!, {r2, r3, r4}\n movs r0, r2\n movs r1, r3\n adds r6, r1, #1\n"            \
            "negs r7, r4\n movs r4, #3\n ands r4, r7\n movs r5, #" bytes "\n muls r4, r5, r4\n"  \
            "lsrs r7, r7, #1\n lsls r7, r7, #1\n movs r5, #1\n orrs r4, r5\n"                    \
            "adr r5, 2f\n adds r4, r4, r5\n"                                                     \
            "movs r5, #0\n mov r8, r5\n mov r9, r5\n mov r10, r5\n mov r11, r5\n mov r12, r5\n mov lr, r5\n" \
            "bx r4\n"                                                                            \
            ".balign 4\n"                                                                        \
            "2:\n" NH_EIGHTS_TWO(step) NH_EIGHTS_TWO(step) "bne 2b\n"                                  \
            "pop {r3}\n stmia r3!, {r0}\n adds r3, r3, #8\n"                                     \
            "mov r0, r8\n mov r1, r9\n mov r2, r10\n stmia r3!, {r0, r1, r2}\n"                  \
            "mov r0, r11\n mov r1, r12\n mov r2, lr\n stmia r3!, {r0, r1, r2}\n"                 \
            "pop {r4, r5, r6, r7}\n"                                                             \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"                              \
            "pop {r4, r5, r6, r7}\n"                                                             \
            : "+r"(r0)                                                                           \
            :                                                                                    \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                    \
    }
NH_EIGHTS_KERNEL(nh_eights_8, NH_EIGHTS_EIGHT_STEP, "37")
NH_EIGHTS_KERNEL(nh_eights_4, NH_EIGHTS_FOUR_STEP, "21")
#else
#define NH_EIGHTS_WORDS 0
NH_KERNEL __attribute__((noinline)) void nh_eights_of(nh_eights_t *row, int32_t first, int32_t count) {
    const uint8_t *w = row->weights + first;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    for (const int8_t *x = row->x_end - row->n; x != row->x_end; x++, w += count) {
        const uint32_t v = (uint32_t)*x;
        a += v * w[0], b += v * w[1], c += v * w[2], d += v * w[3];
    }
    row->sums[first] = a, row->sums[first + 1] = b, row->sums[first + 2] = c, row->sums[first + 3] = d;
}

NH_INLINE void nh_eights_8(nh_eights_t *row) {
    nh_eights_of(row, 0, 8), nh_eights_of(row, 4, 8);
    row->weights += 8 * row->n;
}

NH_INLINE void nh_eights_4(nh_eights_t *row) {
    nh_eights_of(row, 0, 4);
    row->weights += 4 * row->n;
}
#endif

/* The lower 24 bits, with their sign. */
NH_INLINE uint32_t nh_eights_24(uint32_t v) { return (uint32_t)((int32_t)(v << 8) >> 8); }

/* Adds four sums of at most 24 bits to what was there, from P, R and H. */
NH_INLINE void nh_eights_apart(const uint32_t *p, uint32_t *sums) {
    const uint32_t h = p[2], u = p[0] - (h << 16); /* s0 + s1 * 2**8 */
    const uint32_t v = p[1] - (u << 8);            /* s1 + (s3 - s1) * 2**16 + s2 * 2**24 */
    const uint32_t s0 = nh_eights_24(u - (v << 8)), s1 = (uint32_t)((int32_t)(u - s0) >> 8);
    const uint32_t s2 = nh_eights_24(h - ((v - (h << 24) - s1) >> 8) - (s1 << 8));
    sums[0] += s0, sums[1] += s1, sums[2] += s2, sums[3] += (uint32_t)((int32_t)(h - s2) >> 8);
}

/* The next `count` channels (8 or 4) times all of x; the sums have begun. */
NH_INLINE void nh_eights_sums(nh_eights_t *row, const int8_t *x, int32_t depth, int32_t count, uint32_t *sums) {
    for (row->x_end = x; depth > 0; depth -= NH_EIGHTS_CHUNK) {
        row->n = nh_min(depth, NH_EIGHTS_CHUNK), row->x_end += row->n;
        if (count == 8) nh_eights_8(row);
        else nh_eights_4(row);
#if NH_EIGHTS_WORDS
        nh_eights_apart(row->sums, sums);
        if (count == 8) nh_eights_apart(row->sums + 3, sums + 4);
#else
        for (int32_t i = 0; i < count; i++) sums[i] += row->sums[i];
#endif
    }
}

NH_INLINE int32_t nh_total(const int8_t *x, int32_t n) {
    int32_t sum = 0;
    for (; n >= 4; n -= 4, x += 4) sum += x[0] + x[1] + x[2] + x[3];
    for (; n > 0; n--) sum += *x++;
    return sum;
}

/* The order is that of the assembly. */
typedef struct {
    const uint32_t *sums;
    int8_t *y;
    const int8_t *y_end;
    const int32_t *scale; /* what follows the bias in nh_channel_t */
    int32_t uniform;      /* it is that of all channels */
} nh_eights_outputs_t;

#if defined(__ARM_ARCH_6M__)
/* r4, r5: upper and lower half of the multiplier, r6 right shift, r7 y, r8 sums, r9 rounding; as nh_scaled. */
NH_KERNEL __attribute__((noinline)) void nh_eights_store(const nh_eights_outputs_t *outputs) {
    register const nh_eights_outputs_t *r0 __asm("r0") = outputs;
    __asm volatile(
        ".syntax unified\n"
        "push {r4, r5, r6, r7}\n"
        "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"
        "push {r4, r5, r6, r7}\n"
        "ldmia r0!, {r1, r2, r3, r4, r5}\n mov r8, r1\n movs r7, r2\n mov lr, r3\n mov r11, r4\n"
        "movs r1, #1\n lsls r1, r1, #16\n adds r1, r1, #1\n lsls r1, r1, #14\n mov r10, r1\n" /* 2**30 + 2**14 */
        "adr r1, 1f\n cmp r5, #0\n beq 4f\n adr r1, 2f\n"
        "4:\n adds r1, r1, #1\n mov r12, r1\n"
        ".balign 4\n"
        "1:\n" /* a channel's scale */
        "mov r3, r11\n ldmia r3!, {r0, r1, r2}\n adds r3, r3, #4\n mov r11, r3\n"
        "lsrs r4, r0, #16\n uxth r5, r0\n movs r6, r1\n"
        "movs r3, #1\n lsls r3, r3, #15\n subs r2, r2, r3\n mov r9, r2\n"
        ".balign 4\n"
        "2:\n"
        "mov r3, r8\n ldmia r3!, {r0}\n mov r8, r3\n"
        "uxth r1, r0\n asrs r2, r0, #16\n asrs r0, r0, #31\n add r0, r9\n"
        "movs r3, r1\n muls r3, r5, r3\n lsrs r3, r3, #16\n muls r1, r4, r1\n adds r3, r3, r1\n"
        "movs r1, r2\n muls r1, r5, r1\n adds r3, r3, r1\n add r3, r10\n lsrs r3, r3, #15\n adds r0, r0, r3\n"
        "muls r2, r4, r2\n lsls r2, r2, #1\n adds r0, r0, r2\n asrs r0, r6\n"
        "sxtb r1, r0\n cmp r1, r0\n beq 9f\n asrs r0, r0, #31\n movs r1, #127\n eors r1, r0\n"
        "9:\n strb r1, [r7]\n adds r7, r7, #1\n cmp r7, lr\n beq 3f\n bx r12\n"
        "3:\n"
        "pop {r4, r5, r6, r7}\n"
        "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"
        "pop {r4, r5, r6, r7}\n"
        : "+r"(r0)
        :
        : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}
#else
NH_INLINE void nh_eights_store(const nh_eights_outputs_t *p) {
    const uint32_t *sum = p->sums;
    const int32_t *s = p->scale, step = p->uniform ? 0 : 4;
    for (int8_t *y = p->y; y != p->y_end; y++, s += step)
        *y = (int8_t)nh_saturate_s8(nh_requantize((int32_t)*sum++, s[0], s[1], s[2]));
}
#endif

/* [depth] times all weights [groups][depth][8 or 4] (packing.rows), y_c >= 4; bias: of the first channel, in
   nh_channel_t, or where `uniform` of those that follow too. */
NH_INLINE void nh_eights(const uint8_t *weights, const int32_t *bias, const int32_t *scale, int32_t uniform,
                         const int8_t *x, int32_t depth, int8_t *y, int32_t y_c) {
    const int32_t start = -128 * nh_total(x, depth), step = uniform ? 1 : 4;
    uint32_t sums[8];
    nh_eights_t row;
    row.weights = weights;
    for (int32_t count, c = 0; c < y_c; c += count) {
        count = y_c - c < 8 ? 4 : 8;
        c = nh_min(c, y_c - count); /* the last four once more, where fewer are left */
        const int32_t *b = bias + c * step;
        for (uint32_t *s = sums; s != sums + count; s += 4, b += 4 * step) {
            s[0] = (uint32_t)(b[0] + start), s[1] = (uint32_t)(b[step] + start);
            s[2] = (uint32_t)(b[2 * step] + start), s[3] = (uint32_t)(b[3 * step] + start);
        }
        nh_eights_sums(&row, x, depth, count, sums);
        const nh_eights_outputs_t outputs = {sums, y + c, y + c + count, uniform ? scale : scale + 4 * c, uniform};
        nh_eights_store(&outputs);
    }
}

#endif
