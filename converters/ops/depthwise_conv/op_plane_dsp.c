/* DEPTHWISE_CONV_2D 3 x 3, Armv7E-M: two outputs at a time from int16 pairs, which lie in rows of NH_PLANE_ROW
   bytes so that LDRD reaches all three. A row is shifted so that its last pair of outputs ends at a multiple of
   NH_PLANE_ROW: the address is the loop's counter, and thirteen registers suffice. */
#include "fill_dsp.h"
#include "plane.h"

#define NH_PLANE_ROW 128

/* What the assembly reads, in this order. */
typedef struct {
    int32_t bias; /* 256 times the channel's: so are the weights */
    int32_t multiplier, offset, shift;
    int32_t step;           /* of the output */
    int32_t odd;            /* one output more than pairs */
    int32_t x_jump, y_jump; /* from a row's end to the next row */
    int32_t rows;
    const uint32_t *weights; /* three words, one for each kernel row: w0, w1, w1, w2 from the lowest byte */
} nh_pairs_row_t;

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

/* To bytes by a shift of the channel's own, or of all channels. p1: the output's step. */
#define NH_PLANE_SHIFT_OWN                                    \
    "ldrd %[p0], %[p1], [%[k], #12]\n\t"                      \
    "asr %[s0], %[p0]\n\t"                                   \
    "asr %[s1], %[p0]\n\t"                                   \
    "ssat %[s0], #8, %[s0]\n\t"                              \
    "ssat %[s1], #8, %[s1]\n\t"
#define NH_PLANE_SHIFT_ALL                                    \
    "ldr %[p1], [%[k], #16]\n\t"                             \
    "ssat %[s0], #8, %[s0], asr #12\n\t"                     \
    "ssat %[s1], #8, %[s1], asr #12\n\t"

#define NH_PLANE_ASM(PAIR, SCALE, SHIFT)                      \
    __asm volatile(                                           \
        NH_PLANE_WEIGHTS                                      \
        "1:\n\t"                                              \
        "ldr %[s1], [%[k]]\n\t"                              \
        PAIR SCALE SHIFT                                      \
        "strb %[s0], [%[y]]\n\t"                             \
        "strb %[s1], [%[y], %[p1]]\n\t"                      \
        "add %[y], %[y], %[p1], lsl #1\n\t"                  \
        "tst %[x], #127\n\t"                                 \
        "bne 1b\n\t"                                         \
        "ldr %[p0], [%[k], #20]\n\t"                         \
        "cmp %[p0], #0\n\t"                                  \
        "beq 2f\n\t"                                         \
        "ldr %[s0], [%[k]]\n\t"                              \
        NH_PLANE_LAST("w0", "w1", "[%[x]]")                   \
        NH_PLANE_LAST("w2", "w3", "[%[x], #128]")             \
        NH_PLANE_LAST("w4", "w5", "[%[x], #256]")             \
        SCALE SHIFT                                           \
        "strb %[s0], [%[y]]\n\t"                             \
        "2:\n\t"                                              \
        "ldr %[s0], [%[k], #32]\n\t"                         \
        "ldrd %[p0], %[p1], [%[k], #24]\n\t"                 \
        "add %[x], %[p0]\n\t"                                \
        "add %[y], %[p1]\n\t"                                \
        "subs %[s0], #1\n\t"                                 \
        "str %[s0], [%[k], #32]\n\t"                         \
        "bne 1b\n\t"                                         \
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

#define NH_PLANE_KERNEL(NAME, PAIR, SCALE, SHIFT)                                                              \
    static __attribute__((noinline, unused)) void NAME(const nh_pairs_row_t *k, const int16_t *x, int8_t *y) { \
        uint32_t w0, w1, w2, w3, w4, w5, p0, p1, s0, s1;                                                       \
        NH_PLANE_ASM(PAIR, SCALE, SHIFT);                                                                      \
    }
NH_PLANE_KERNEL(nh_pairs_1_brief, NH_PLANE_PAIR_1, NH_PLANE_SCALE_POSITIVE, NH_PLANE_SHIFT_ALL)
NH_PLANE_KERNEL(nh_pairs_1_positive, NH_PLANE_PAIR_1, NH_PLANE_SCALE_POSITIVE, NH_PLANE_SHIFT_OWN)
NH_PLANE_KERNEL(nh_pairs_1_signed, NH_PLANE_PAIR_1, NH_PLANE_SCALE_SIGNED, NH_PLANE_SHIFT_OWN)
NH_PLANE_KERNEL(nh_pairs_2_brief, NH_PLANE_PAIR_2, NH_PLANE_SCALE_POSITIVE, NH_PLANE_SHIFT_ALL)
NH_PLANE_KERNEL(nh_pairs_2_positive, NH_PLANE_PAIR_2, NH_PLANE_SCALE_POSITIVE, NH_PLANE_SHIFT_OWN)
NH_PLANE_KERNEL(nh_pairs_2_signed, NH_PLANE_PAIR_2, NH_PLANE_SCALE_SIGNED, NH_PLANE_SHIFT_OWN)

/* A row of the planes from one of the input. */
NH_INLINE void nh_plane_pairs_fill(const nh_plane_t *p, const int8_t *x, int16_t *to) {
    const int32_t n = p->x_inner, step = p->x_inner_step;
    if (p->lanes == 4 && n >= 2) {
        nh_fill_four(x, step, to, 2 * p->size, n / 2);
        if (n & 1) nh_fill_four(x + (n - 2) * step, step, to + n - 2, 2 * p->size, 1);
        return;
    }
    for (int32_t c = 0; c < p->lanes; c++, to += p->size) {
        for (int32_t i = 0; i < n; i++) to[i] = x[i * step + c];
    }
}

/* One of padding, where there was a row of the band before. */
NH_INLINE void nh_pairs_blank(const nh_plane_t *p, int16_t *to) {
    for (int32_t c = 0; c < p->lanes; c++, to += p->size) {
        for (int32_t i = 0; i < p->x_inner; i++) to[i] = (int16_t)p->x_zero;
    }
}

/* Rows start where the plane's own addresses are multiples of NH_PLANE_ROW. */
NH_INLINE int16_t *nh_pairs_start(const nh_plane_t *p, void *scratch) {
    int16_t *plane = (int16_t *)scratch + ((0u - (uintptr_t)scratch) & (NH_PLANE_ROW - 1)) / 2;
    for (int32_t i = 0; i < p->size * p->lanes; i++) plane[i] = (int16_t)p->x_zero;
    return plane;
}

/* The rows that the next band needs again come first in it. */
NH_INLINE void nh_pairs_roll(const nh_plane_t *p, int16_t *plane, int32_t kept) {
    const int32_t back = p->band * p->stride_outer * (NH_PLANE_ROW / 2);
    for (int32_t c = 0; c < p->lanes; c++, plane += p->size) {
        int16_t *to = plane + (p->origin & ~3);
        for (int16_t *end = to + kept * (NH_PLANE_ROW / 2); to < end; to += 4) memcpy(to, to + back, 8);
    }
}

NH_INLINE nh_pairs_row_t nh_pairs_rows(const nh_plane_t *p, int32_t stride) {
    int32_t pairs = p->y_inner / 2;
    nh_pairs_row_t row = {0, 0, 0, 0, 0, 0, 0, 0, 0, NULL};
    row.step = p->y_inner_step;
    row.odd = p->y_inner & 1;
    row.x_jump = p->stride_outer * NH_PLANE_ROW - 4 * stride * pairs;
    row.y_jump = p->y_outer_step - 2 * pairs * row.step;
    return row;
}

/* k: six words, bias * 256 + shift, multiplier, offset, weights. */
NH_INLINE void nh_pairs_channel(nh_pairs_row_t *row, const uint32_t *k) {
    row->shift = (int32_t)(k[0] & 31u);
    row->bias = (int32_t)(k[0] & ~255u);
    row->multiplier = (int32_t)k[1];
    row->offset = (int32_t)k[2];
    row->weights = k + 3;
}

typedef void (*nh_pairs_kernel_t)(const nh_pairs_row_t *k, const int16_t *x, int8_t *y);

NH_INLINE void nh_pairs_layer(const nh_plane_t *p, const int8_t *x, int8_t *y, void *scratch, int32_t stride,
                              nh_pairs_kernel_t kernel) {
    int16_t *planes = nh_pairs_start(p, scratch);
    const uint32_t *k = (const uint32_t *)p->channel;
    const int32_t kept = nh_max(0, 3 - p->stride_outer);
    nh_pairs_row_t row = nh_pairs_rows(p, stride);
    for (int32_t c = 0; c < p->channels; c += p->lanes, k += 6 * p->lanes) {
        int32_t have = 0, from = -p->pad_outer;
        for (int32_t o = 0; o < p->y_outer; o += p->band, from += p->band * p->stride_outer, have = kept) {
            const int32_t rows = nh_min(p->band, p->y_outer - o), need = (rows - 1) * p->stride_outer + 3;
            if (have) nh_pairs_roll(p, planes, kept);
            for (; have < need; have++) {
                int16_t *to = planes + p->inside + have * (NH_PLANE_ROW / 2);
                if ((uint32_t)(from + have) < (uint32_t)p->x_outer) {
                    nh_plane_pairs_fill(p, x + c + (from + have) * p->x_outer_step, to);
                } else if (p->band < p->y_outer) {
                    nh_pairs_blank(p, to);
                }
            }
            for (int32_t i = 0; i < p->lanes; i++) {
                nh_pairs_channel(&row, k + 6 * i);
                row.rows = rows;
                kernel(&row, planes + p->origin + i * p->size, y + o * p->y_outer_step + c + i);
            }
        }
    }
    nh_clamp_s8(y, p->channels * p->y_inner * p->y_outer, p->low, p->high);
}

#define NH_PLANE_LAYER(S, KIND)                                                                \
    NH_KERNEL void nh_depthwise_pairs_##S##_##KIND##_s8(const nh_plane_t *p, const int8_t *x, \
                                                        int8_t *y, void *scratch) {           \
        nh_pairs_layer(p, x, y, scratch, S, nh_pairs_##S##_##KIND);                           \
    }
NH_PLANE_LAYER(1, brief)
NH_PLANE_LAYER(1, positive)
NH_PLANE_LAYER(1, signed)
NH_PLANE_LAYER(2, brief)
NH_PLANE_LAYER(2, positive)
NH_PLANE_LAYER(2, signed)
