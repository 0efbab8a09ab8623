/* DEPTHWISE_CONV_2D 3 x 3, Armv7E-M: two outputs at a time from int16 pairs, which lie in rows of NH_PLANE_ROW
   bytes so that LDRD reaches all three. A row is shifted so that its last pair of outputs ends at a multiple of
   NH_PLANE_ROW: the address is the loop's counter, and thirteen registers suffice. */
#include "../include/dsp.h"
#include "plane.h"

#define NH_PLANE_ROW 128

/* What the assembly reads, in this order. */
typedef struct {
    int32_t bias;        /* 256 times the channel's: so are the weights */
    int32_t multiplier;
    int32_t offset;      /* zero point, half, and half of the product's last bit, before the shift */
    int32_t shift;       /* right + 7 */
    int32_t step;        /* of the output */
    int32_t odd;         /* one output more than pairs */
    int32_t x_jump, y_jump; /* from a row's end to the next row */
    int32_t rows;
    const uint32_t *weights; /* three words, one for each kernel row: w0, w1, w1, w2 from the lowest byte */
} nh_plane_row_t;

/* Weights as pairs times 256: w0..w5 are (w0, w1), (w1, w2) of each kernel row. */
#define NH_PLANE_WEIGHTS                         \
    "ldr %[p0], [%[k], #36]\n\t"                 \
    "mov %[p1], #0xff00ff00\n\t"                 \
    "ldr %[w1], [%[p0]]\n\t"                     \
    "ldr %[w3], [%[p0], #4]\n\t"                 \
    "ldr %[w5], [%[p0], #8]\n\t"                 \
    "and %[w0], %[p1], %[w1], lsl #8\n\t"        \
    "and %[w2], %[p1], %[w3], lsl #8\n\t"        \
    "and %[w4], %[p1], %[w5], lsl #8\n\t"        \
    "and %[w1], %[p1]\n\t"                       \
    "and %[w3], %[p1]\n\t"                       \
    "and %[w5], %[p1]\n\t"

/* One kernel row of two outputs, stride 1 and 2, and of one output. */
#define NH_PLANE_ONE(a, b, at, sum)                           \
    "ldrd %[p0], %[p1], " at "\n\t"                           \
    "smlad %[s0], %[" a "], %[p0], %[" sum "]\n\t"            \
    "smlabt %[s1], %[" a "], %[p0], %[s1]\n\t"                \
    "smlatb %[s0], %[" b "], %[p1], %[s0]\n\t"                \
    "smlad %[s1], %[" b "], %[p1], %[s1]\n\t"
#define NH_PLANE_TWO(a, b, at, next, sum)                     \
    "ldrd %[p0], %[p1], " at "\n\t"                           \
    "smlad %[s0], %[" a "], %[p0], %[" sum "]\n\t"            \
    "ldr %[p0], " next "\n\t"                                 \
    "smlad %[s1], %[" a "], %[p1], %[s1]\n\t"                 \
    "smlatb %[s0], %[" b "], %[p1], %[s0]\n\t"                \
    "smlatb %[s1], %[" b "], %[p0], %[s1]\n\t"
#define NH_PLANE_LAST(a, b, at)                               \
    "ldrd %[p0], %[p1], " at "\n\t"                           \
    "smlad %[s0], %[" a "], %[p0], %[s0]\n\t"                 \
    "smlatb %[s0], %[" b "], %[p1], %[s0]\n\t"

/* s0, s1 -> bytes. The first form leaves halves of negative sums rounded upwards, which a lower limit at the zero
   point or above hides; the second rounds them away from zero. */
#define NH_PLANE_SCALE_POSITIVE                               \
    "ldrd %[p0], %[p1], [%[k], #4]\n\t"                       \
    "smmla %[s0], %[s0], %[p0], %[p1]\n\t"                    \
    "smmla %[s1], %[s1], %[p0], %[p1]\n\t"
#define NH_PLANE_SCALE_SIGNED                                 \
    "ldrd %[p0], %[p1], [%[k], #4]\n\t"                       \
    "cmp %[s0], #0\n\t"                                       \
    "it lt\n\t"                                               \
    "sublt %[p1], #128\n\t"                                   \
    "smmla %[s0], %[s0], %[p0], %[p1]\n\t"                    \
    "ldr %[p1], [%[k], #8]\n\t"                               \
    "cmp %[s1], #0\n\t"                                       \
    "it lt\n\t"                                               \
    "sublt %[p1], #128\n\t"                                   \
    "smmla %[s1], %[s1], %[p0], %[p1]\n\t"

#define NH_PLANE_ASM(PAIR, SCALE)                             \
    __asm volatile(                                           \
        NH_PLANE_WEIGHTS                                      \
        "1:\n\t"                                              \
        "ldr %[s1], [%[k]]\n\t"                               \
        PAIR SCALE                                            \
        "ldrd %[p0], %[p1], [%[k], #12]\n\t"                  \
        "asr %[s0], %[p0]\n\t"                                \
        "asr %[s1], %[p0]\n\t"                                \
        "ssat %[s0], #8, %[s0]\n\t"                           \
        "ssat %[s1], #8, %[s1]\n\t"                           \
        "strb %[s0], [%[y]]\n\t"                              \
        "strb %[s1], [%[y], %[p1]]\n\t"                       \
        "add %[y], %[y], %[p1], lsl #1\n\t"                   \
        "tst %[x], #127\n\t"                                  \
        "bne 1b\n\t"                                          \
        "ldr %[p0], [%[k], #20]\n\t"                          \
        "cmp %[p0], #0\n\t"                                   \
        "beq 2f\n\t"                                          \
        "ldr %[s0], [%[k]]\n\t"                               \
        NH_PLANE_LAST("w0", "w1", "[%[x]]")                   \
        NH_PLANE_LAST("w2", "w3", "[%[x], #128]")             \
        NH_PLANE_LAST("w4", "w5", "[%[x], #256]")             \
        SCALE                                                 \
        "ldr %[p0], [%[k], #12]\n\t"                          \
        "asr %[s0], %[p0]\n\t"                                \
        "ssat %[s0], #8, %[s0]\n\t"                           \
        "strb %[s0], [%[y]]\n\t"                              \
        "2:\n\t"                                              \
        "ldr %[s0], [%[k], #32]\n\t"                          \
        "ldrd %[p0], %[p1], [%[k], #24]\n\t"                  \
        "add %[x], %[p0]\n\t"                                 \
        "add %[y], %[p1]\n\t"                                 \
        "subs %[s0], #1\n\t"                                  \
        "str %[s0], [%[k], #32]\n\t"                          \
        "bne 1b\n\t"                                          \
        : [x] "+r"(x), [y] "+r"(y), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3), \
          [w4] "=&r"(w4), [w5] "=&r"(w5), [p0] "=&r"(p0), [p1] "=&r"(p1), [s0] "=&r"(s0), [s1] "=&r"(s1) \
        : [k] "r"(k)                                          \
        : "cc", "memory")

#define NH_PLANE_PAIR_1                                       \
    NH_PLANE_ONE("w0", "w1", "[%[x]], #4", "s1")              \
    NH_PLANE_ONE("w2", "w3", "[%[x], #124]", "s0")            \
    NH_PLANE_ONE("w4", "w5", "[%[x], #252]", "s0")
#define NH_PLANE_PAIR_2                                       \
    NH_PLANE_TWO("w0", "w1", "[%[x]], #8", "[%[x]]", "s1")    \
    NH_PLANE_TWO("w2", "w3", "[%[x], #120]", "[%[x], #128]", "s0") \
    NH_PLANE_TWO("w4", "w5", "[%[x], #248]", "[%[x], #256]", "s0")

#define NH_PLANE_KERNEL(NAME, PAIR, SCALE)                                                    \
    static __attribute__((noinline, unused)) void NAME(const nh_plane_row_t *k, const int16_t *x, int8_t *y) { \
        uint32_t w0, w1, w2, w3, w4, w5, p0, p1, s0, s1;                                      \
        NH_PLANE_ASM(PAIR, SCALE);                                                            \
    }
NH_PLANE_KERNEL(nh_plane_1_positive, NH_PLANE_PAIR_1, NH_PLANE_SCALE_POSITIVE)
NH_PLANE_KERNEL(nh_plane_1_signed, NH_PLANE_PAIR_1, NH_PLANE_SCALE_SIGNED)
NH_PLANE_KERNEL(nh_plane_2_positive, NH_PLANE_PAIR_2, NH_PLANE_SCALE_POSITIVE)
NH_PLANE_KERNEL(nh_plane_2_signed, NH_PLANE_PAIR_2, NH_PLANE_SCALE_SIGNED)

/* The channel's map inside the padding. */
NH_INLINE void nh_plane_fill(const nh_plane_t *p, const int8_t *x, int16_t *plane) {
    int32_t step = p->x_inner_step;
    for (int32_t i = p->x_outer; i > 0; i--, x += p->x_outer_step, plane += NH_PLANE_ROW / 2) {
        const int8_t *at = x;
        int16_t *to = plane;
        int32_t n = p->x_inner;
        for (; n >= 4; n -= 4, to += 4, at += 4 * step) {
            to[0] = at[0];
            to[1] = at[step];
            to[2] = at[2 * step];
            to[3] = at[3 * step];
        }
        for (; n > 0; n--, at += step) *to++ = *at;
    }
}

/* Rows start where the plane's own addresses are multiples of NH_PLANE_ROW. */
NH_INLINE int16_t *nh_plane_start(const nh_plane_t *p, void *scratch) {
    int16_t *plane = (int16_t *)scratch + ((0u - (uintptr_t)scratch) & (NH_PLANE_ROW - 1)) / 2;
    for (int32_t i = 0; i < p->size; i++) plane[i] = (int16_t)p->x_zero;
    return plane;
}

/* channel: five words each, bias * 256 + shift, multiplier, weights. */
#define NH_PLANE_LAYER(NAME, KERNEL, STRIDE)                                                              \
    NH_KERNEL void NAME(const nh_plane_t *p, const int8_t *x, int8_t *y, void *scratch) {                 \
        int16_t *plane = nh_plane_start(p, scratch);                                                      \
        const uint32_t *c = (const uint32_t *)p->channel;                                                 \
        int32_t pairs = p->y_inner / 2;                                                                   \
        nh_plane_row_t row = {0, 0, 0, 0, 0, 0, 0, 0, 0, c};                                              \
        row.step = p->y_inner_step;                                                                       \
        row.odd = p->y_inner & 1;                                                                         \
        row.x_jump = p->stride_outer * NH_PLANE_ROW - 4 * (STRIDE) * pairs;                               \
        row.y_jump = p->y_outer_step - 2 * pairs * row.step;                                              \
        for (int32_t i = 0; i < p->channels; i++, c += 5) {                                               \
            nh_plane_fill(p, x + i, plane + p->inside);                                                   \
            row.shift = (int32_t)(c[0] & 31u);                                                            \
            row.bias = (int32_t)(c[0] & ~255u);                                                           \
            row.multiplier = (int32_t)c[1];                                                               \
            row.offset = (int32_t)((uint32_t)(2 * p->y_zero + 1) << (row.shift - 1)) + 64;                \
            row.weights = c + 2;                                                                          \
            row.rows = p->y_outer;                                                                        \
            KERNEL(&row, plane + p->origin, y + i);                                                       \
        }                                                                                                 \
        nh_clamp_s8(y, p->channels * p->y_inner * p->y_outer, p->low, p->high);                           \
    }
NH_PLANE_LAYER(nh_depthwise_plane_1_positive_s8, nh_plane_1_positive, 1)
NH_PLANE_LAYER(nh_depthwise_plane_1_signed_s8, nh_plane_1_signed, 1)
NH_PLANE_LAYER(nh_depthwise_plane_2_positive_s8, nh_plane_2_positive, 2)
NH_PLANE_LAYER(nh_depthwise_plane_2_signed_s8, nh_plane_2_signed, 2)
