/* Windows times all channels on cores without long multiplication: two products in one MULS.

   (x0 + x2 * 2**16) * (w2 + w0 * 2**16) is x0 * w2 + (x0 * w0 + x2 * w2) * 2**16, modulo 2**32: its upper half,
   rounded, is a sum of two products as long as |x0 * w2| < 2**15; packing.py proves that no half overflows. Where a
   channel's weights allow it, two such words are added before the upper half is taken: four products. */
#ifndef NH_PAIRS_H
#define NH_PAIRS_H
#include "../include/requantize.h"

/* ((sum * coarse >> 8) + (sum * fine >> 16) + offset) >> shift; converters/staircase.py proves it exact. */
typedef struct {
    int32_t bias, fine, coarse, offset;
    int32_t negative; /* added to the offset where the sum is negative */
    int32_t shift;
    int32_t quads; /* 1: four products at a time, 0: two */
} nh_pairs_channel_t;

/* The order is that of the stack frame below. */
typedef struct {
    int8_t *y;
    const nh_pairs_channel_t *channels;
    const uint8_t *weights; /* [y_c][4 * quads]: of k = 2, 3, 0, 1, w + 128; a word behind the last is read */
    uint32_t *w;            /* [quads, made even][2], for one channel */
    const uint32_t *w_end;  /* quads from the first on */
    const uint32_t *x;      /* [pairs of windows][quads][2][2]; where they are shared, a pair begins within another */
    const uint32_t *x_end;
    int32_t y_step; /* from a window's outputs to the next one's; 0 where the second window is the first again */
    const int8_t *y_end;
    int32_t skip;    /* -quads & 3 */
    int32_t overlap; /* bytes of x that a pair of windows has in common with the next one; nh_pairs_shared only */
} nh_pairs_t;

/* A word of four bytes v + 128 as 16-bit halves v: the even ones, the odd ones. */
#define NH_PAIRS_EVEN(word) (((word)&0x00ff00ffu) - 0x00800080u)
#define NH_PAIRS_ODD(word) ((((word) >> 8) & 0x00ff00ffu) - 0x00800080u)

/* Four bytes from anywhere. */
NH_INLINE uint32_t nh_pairs_word(const int8_t *x) {
    const uint8_t *b = (const uint8_t *)x;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

NH_INLINE uint32_t *nh_pairs_expand(uint32_t *at, uint32_t v) {
    v ^= 0x80808080u;
    at[0] = NH_PAIRS_EVEN(v), at[1] = NH_PAIRS_ODD(v);
    return at + 4;
}

/* n values into a window's column of nh_pairs_t.x; what is missing to whole words is 0. */
NH_KERNEL __attribute__((noinline)) uint32_t *nh_pairs_append(uint32_t *at, const int8_t *x, int32_t n) {
    const int8_t *end = x + (n & ~3);
    const uintptr_t odd = (uintptr_t)x;
    if (!(odd & 3u)) {
        for (; x != end; x += 4) {
            uint32_t v;
            memcpy(&v, __builtin_assume_aligned(x, 4), 4);
            at = nh_pairs_expand(at, v);
        }
    } else if (!(odd & 1u)) {
        for (; x != end; x += 4) {
            uint16_t low, high;
            memcpy(&low, __builtin_assume_aligned(x, 2), 2);
            memcpy(&high, __builtin_assume_aligned(x + 2, 2), 2);
            at = nh_pairs_expand(at, low | (uint32_t)high << 16);
        }
    } else {
        for (; x != end; x += 4) at = nh_pairs_expand(at, nh_pairs_word(x));
    }
    if (n & 3) {
        int8_t last[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < (n & 3); i++) last[i] = x[i];
        at = nh_pairs_expand(at, nh_pairs_word(last));
    }
    return at;
}

#if defined(__ARM_ARCH_6M__)
/* nh_pairs_block of rows that all begin at odd addresses: the middle two of four bytes are a half-word. The masks are
   made here: a compiler that has to find low registers for them runs out of them. */
NH_INLINE uint32_t *nh_pairs_odd(uint32_t *at, const int8_t *x, int32_t n, int32_t pitch, int32_t rows) {
    const uintptr_t first = (uintptr_t)x - 1u, step = (uintptr_t)pitch, row = (uintptr_t)n;
    const uintptr_t frame[4] = {first + row, first + row + (uintptr_t)(rows - 1) * step, step, step - row};
    const uintptr_t *f = frame; /* the end of this row, of the last one; from end to end, from an end to a beginning */
    uint32_t v, u, offset;
    x--;
    __asm volatile(".syntax unified\n"
                   "ldr %3, [%2]\n mov r8, %3\n ldr %3, [%2, #4]\n mov r10, %3\n"
                   "ldr %3, [%2, #8]\n mov r11, %3\n ldr %3, [%2, #12]\n mov r12, %3\n"
                   "movs %2, #255\n lsls %3, %2, #16\n orrs %2, %3\n"
                   "movs %5, #128\n lsls %3, %5, #16\n orrs %5, %3\n"
                   "lsls %3, %5, #8\n orrs %3, %5\n mov r9, %3\n"
                   "1:\n"
                   "ldrb %3, [%1, #1]\n ldrb %4, [%1, #4]\n lsls %4, %4, #24\n orrs %3, %4\n"
                   "ldrh %4, [%1, #2]\n lsls %4, %4, #8\n orrs %3, %4\n"
                   "mov %4, r9\n eors %3, %4\n lsrs %4, %3, #8\n ands %3, %2\n ands %4, %2\n"
                   "subs %3, %3, %5\n subs %4, %4, %5\n str %3, [%0]\n str %4, [%0, #4]\n"
                   "adds %0, %0, #16\n adds %1, %1, #4\n cmp %1, r8\n bne 1b\n"
                   "cmp %1, r10\n beq 2f\n add r8, r11\n add %1, r12\n b 1b\n"
                   "2:\n"
                   : "+l"(at), "+l"(x), "+l"(f), "=&l"(v), "=&l"(u), "=&l"(offset)
                   :
                   : "r8", "r9", "r10", "r11", "r12", "cc", "memory");
    return at;
}
#endif

/* nh_pairs_append of `rows` rows of n values, n a multiple of 4, `pitch` bytes apart. */
NH_KERNEL __attribute__((noinline)) uint32_t *nh_pairs_block(uint32_t *at, const int8_t *x, int32_t n, int32_t pitch,
                                                             int32_t rows) {
#if defined(__ARM_ARCH_6M__)
    if (((uintptr_t)x & 1u) && !(pitch & 1) && n > 0 && rows > 0) return nh_pairs_odd(at, x, n, pitch, rows);
#endif
    for (; rows > 0; rows--, x += pitch) at = nh_pairs_append(at, x, n);
    return at;
}

/* A row for pairs of windows that begin two values apart, and so do the windows of a pair: block b has the words
   (v[i], v[i + 2]) of four i from 4 * b on. Blocks are `pitch` words apart; x has 4 * blocks + 2 values. */
NH_KERNEL __attribute__((noinline)) void nh_pairs_strip(uint32_t *at, const int8_t *x, int32_t blocks, int32_t pitch) {
    int32_t a = x[0], b = x[1];
    for (; blocks > 0; blocks--, at += pitch, x += 4) {
        const int32_t c = x[2], d = x[3], e = x[4], f = x[5];
        at[0] = (uint32_t)a + ((uint32_t)c << 16), at[1] = (uint32_t)b + ((uint32_t)d << 16);
        at[2] = (uint32_t)c + ((uint32_t)e << 16), at[3] = (uint32_t)d + ((uint32_t)f << 16);
        a = e, b = f;
    }
}

/* n times the same value, n a multiple of 4. */
NH_INLINE uint32_t *nh_pairs_fill(uint32_t *at, int32_t value, int32_t n) {
    const uint32_t v = (uint32_t)value * 0x00010001u;
    for (; n > 0; n -= 4, at += 4) at[0] = at[1] = v;
    return at;
}

#if defined(__ARM_ARCH_6M__)
#define NH_PAIRS_QUAD(acc)                                                                        \
    "ldmia r0!, {r2, r3}\n muls r2, r4, r2\n muls r3, r5, r3\n adds r2, r2, r3\n"                 \
    "asrs r2, r2, #16\n adcs " acc ", r2\n"
#define NH_PAIRS_TWO(acc)                                                                         \
    "ldmia r0!, {r2, r3}\n muls r2, r4, r2\n asrs r2, r2, #16\n adcs " acc ", r2\n"               \
    "muls r3, r5, r3\n asrs r3, r3, #16\n adcs " acc ", r3\n"
#define NH_PAIRS_QUAD_STEP "ldmia r1!, {r4, r5}\n" NH_PAIRS_QUAD("r6") NH_PAIRS_QUAD("r7") /* 26 bytes */
#define NH_PAIRS_TWO_STEP "ldmia r1!, {r4, r5}\n" NH_PAIRS_TWO("r6") NH_PAIRS_TWO("r7")    /* 30 bytes */
/* r1 y, r5 what negative sums add, r9 fine, r10 coarse, r11 offset, r12 shift */
#define NH_PAIRS_STORE(v)                                                                         \
    "mov r4, r10\n asrs r2, " v ", #8\n muls r2, r4, r2\n uxtb r3, " v "\n muls r3, r4, r3\n"    \
    "lsrs r3, r3, #8\n adds r2, r2, r3\n mov r3, r9\n muls r3, " v ", r3\n asrs r3, r3, #16\n"   \
    "adds r2, r2, r3\n add r2, r11\n asrs r3, " v ", #31\n ands r3, r5\n adds r2, r2, r3\n"      \
    "mov r4, r12\n asrs r2, r4\n sxtb r3, r2\n cmp r3, r2\n beq 9f\n asrs r2, r2, #31\n"        \
    "movs r3, #127\n eors r3, r2\n 9:\n strb r3, [r1]\n"

/* back: from the end of a pair of windows to the next one */
#define NH_PAIRS_KERNEL(name, back)                                                               \
    NH_KERNEL __attribute__((noinline)) void name(const nh_pairs_t *pairs) {                      \
        register const nh_pairs_t *r0 __asm("r0") = pairs;                                        \
        __asm volatile(                                                                           \
            ".syntax unified\n"                                                                   \
            "push {r4, r5, r6, r7}\n"                                                             \
            "mov r4, r8\n mov r5, r9\n mov r6, r10\n mov r7, r11\n"                               \
            "push {r4, r5, r6, r7}\n"                                                             \
            "sub sp, sp, #56\n"                                                                   \
            "mov r1, sp\n"                                                                        \
            "ldmia r0!, {r2, r3, r4, r5, r6}\n stmia r1!, {r2, r3, r4, r5, r6}\n"                 \
            "ldmia r0!, {r2, r3, r4, r5, r6}\n stmia r1!, {r2, r3, r4, r5, r6}\n"                 \
            "ldr r0, [r0]\n str r0, [sp, #52]\n"                                                  \
            "1:\n"                                                                                \
            "ldr r1, [sp, #8]\n ldr r0, [sp, #12]\n ldr r4, [sp, #16]\n mov r8, r4\n"             \
            "movs r6, #255\n lsls r7, r6, #16\n orrs r6, r7\n"                                    \
            "movs r7, #128\n lsls r2, r7, #16\n orrs r7, r2\n"                                    \
            "5:\n"                                                                                \
            "ldmia r1!, {r2, r4}\n lsrs r3, r2, #8\n lsrs r5, r4, #8\n"                           \
            "ands r2, r6\n ands r3, r6\n ands r4, r6\n ands r5, r6\n"                             \
            "subs r2, r2, r7\n subs r3, r3, r7\n subs r4, r4, r7\n subs r5, r5, r7\n"             \
            "stmia r0!, {r2, r3, r4, r5}\n"                                                       \
            "cmp r0, r8\n blo 5b\n"                                                               \
            "beq 6f\n subs r1, r1, #4\n"                                                          \
            "6:\n str r1, [sp, #8]\n"                                                             \
            "ldr r1, [sp, #4]\n"                                                                  \
            "ldmia r1!, {r2, r3, r4, r5}\n mov lr, r2\n mov r9, r3\n mov r10, r4\n mov r11, r5\n" \
            "ldmia r1!, {r2, r3, r4}\n str r1, [sp, #4]\n str r2, [sp, #44]\n mov r12, r3\n"      \
            "ldr r1, [sp, #36]\n movs r2, #26\n adr r3, 2f\n"                                     \
            "cmp r4, #0\n bne 6f\n movs r2, #30\n adr r3, 7f\n"                                   \
            "6:\n muls r1, r2, r1\n adds r3, r3, r1\n adds r3, r3, #1\n str r3, [sp, #40]\n"      \
            "ldr r1, [sp]\n str r1, [sp, #48]\n"                                                  \
            "ldr r0, [sp, #20]\n"                                                                 \
            "3:\n"                                                                                \
            "ldr r1, [sp, #12]\n mov r6, lr\n mov r7, lr\n ldr r2, [sp, #40]\n bx r2\n"           \
            ".balign 4\n"                                                                         \
            "2:\n" NH_PAIRS_QUAD_STEP NH_PAIRS_QUAD_STEP NH_PAIRS_QUAD_STEP NH_PAIRS_QUAD_STEP    \
            "cmp r1, r8\n bne 2b\n"                                                               \
            "4:\n"                                                                                \
            "ldr r1, [sp, #48]\n ldr r5, [sp, #44]\n"                                             \
            NH_PAIRS_STORE("r6") "ldr r6, [sp, #28]\n adds r1, r1, r6\n"                          \
            NH_PAIRS_STORE("r7") "adds r1, r1, r6\n str r1, [sp, #48]\n"                          \
            back "ldr r2, [sp, #24]\n cmp r0, r2\n bne 3b\n"                                      \
            "ldr r1, [sp]\n adds r1, r1, #1\n str r1, [sp]\n"                                     \
            "ldr r2, [sp, #32]\n cmp r1, r2\n beq 8f\n b 1b\n"                                    \
            ".balign 4\n"                                                                         \
            "7:\n" NH_PAIRS_TWO_STEP NH_PAIRS_TWO_STEP NH_PAIRS_TWO_STEP NH_PAIRS_TWO_STEP        \
            "cmp r1, r8\n bne 7b\n b 4b\n"                                                        \
            "8:\n"                                                                                \
            "add sp, sp, #56\n"                                                                   \
            "pop {r4, r5, r6, r7}\n"                                                              \
            "mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"                               \
            "pop {r4, r5, r6, r7}\n"                                                              \
            : "+r"(r0)                                                                            \
            :                                                                                     \
            : "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                     \
    }
NH_PAIRS_KERNEL(nh_pairs, "")
NH_PAIRS_KERNEL(nh_pairs_shared, "ldr r2, [sp, #52]\n subs r0, r0, r2\n")
#else
/* The upper half, rounded. */
NH_INLINE uint32_t nh_pairs_upper(uint32_t sum) {
    return (uint32_t)((int32_t)sum >> 16) + ((sum >> 15) & 1u);
}

NH_KERNEL __attribute__((noinline)) void nh_pairs_shared(const nh_pairs_t *p) {
    const int32_t step = 2 * (int32_t)(p->w_end - p->w) - (p->overlap >> 2);
    const nh_pairs_channel_t *c = p->channels;
    const uint8_t *from = p->weights;
    for (int8_t *first = p->y; first != p->y_end; first++, c++) {
        int8_t *y = first;
        for (uint32_t *w = p->w; w != p->w_end; w += 2, from += 4) {
            uint32_t v = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
            w[0] = NH_PAIRS_EVEN(v), w[1] = NH_PAIRS_ODD(v);
        }
        for (const uint32_t *x = p->x; x != p->x_end; x += step) {
            for (int32_t i = 0; i < 2; i++, y += p->y_step) {
                const uint32_t *at = x + 2 * i;
                uint32_t sum = (uint32_t)c->bias;
                for (const uint32_t *w = p->w; w != p->w_end; w += 2, at += 4) {
                    uint32_t a = at[0] * w[0], b = at[1] * w[1];
                    sum += c->quads ? nh_pairs_upper(a + b) : nh_pairs_upper(a) + nh_pairs_upper(b);
                }
                int32_t acc = (int32_t)sum, offset = c->offset + (acc < 0 ? c->negative : 0);
                int32_t low = (int32_t)((((uint32_t)acc & 255u) * (uint32_t)c->coarse) >> 8);
                int32_t v = (acc >> 8) * c->coarse + low + ((acc * c->fine) >> 16) + offset;
                *y = (int8_t)nh_saturate_s8(v >> c->shift);
            }
        }
    }
}

NH_INLINE void nh_pairs(const nh_pairs_t *p) { nh_pairs_shared(p); } /* overlap 0 */
#endif

#endif
