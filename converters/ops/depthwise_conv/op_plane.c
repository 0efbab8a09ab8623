/* DEPTHWISE_CONV_2D, portable: padded planes of four channels, and for each row of a channel's outputs passes of
   three taps, which need few registers: the sums wait in scratch. The planes hold bytes x + 128, four channels
   beside each other as in the input: cores without LDRSB at a fixed offset have LDRB there. */
#include "plane.h"
#include "threes.h"

/* Of a channel; then the weights of each pass. */
typedef struct {
    int32_t bias;       /* with -128 times the weights */
    int32_t multiplier; /* exact, or coarse * 2**16 + fine: the sum times coarse + fine / 2**12 */
    int32_t offset;
    int8_t shift, weights[3];
} nh_plane_channel_t;

/* A word of four channels at an address that is whole words. */
NH_INLINE uint32_t nh_aligned_word(const int8_t *at) {
    uint32_t w;
    memcpy(&w, __builtin_assume_aligned(at, 4), 4);
    return w;
}

/* The words of four channels inside the padding, `n` of them being there. */
NH_INLINE void nh_plane_fill_words(const nh_plane_t *p, const int8_t *x, uint32_t *plane, int32_t n) {
    const int32_t step = p->x_inner_step;
    for (int32_t i = p->x_outer; i > 0; i--, x += p->x_outer_step, plane += p->row) {
        const int8_t *at = x;
        for (uint32_t *to = plane, *end = plane + p->x_inner; to != end; at += step, to++) {
            if (n == 4) {
                *to = nh_aligned_word(at) ^ 0x80808080u;
            } else {
                for (int32_t c = 0; c < n; c++) ((uint8_t *)to)[c] = (uint8_t)(at[c] ^ 0x80);
            }
        }
    }
}

NH_INLINE int32_t nh_three(const uint8_t *x, int32_t w0, int32_t w1, int32_t w2, int32_t sum) {
    sum += x[0] * w0;
    sum += x[4] * w1;
    return sum + x[8] * w2;
}

/* Passes are functions of their own: what they leave waiting would cost them registers. */
#define NH_PASS static __attribute__((noinline, unused))

/* Three taps of a row of outputs, added to the sums, or first to the bias. */
NH_INLINE void nh_plane_pass(int32_t *sums, int32_t n, const uint8_t *x, const int8_t *w, int32_t stride, int first,
                             int32_t bias) {
    const int32_t w0 = w[0], w1 = w[1], w2 = w[2];
    int32_t *end = sums + n;
#if !defined(__ARM_ARCH_6M__) /* whose eight registers are enough for one */
    for (; sums + 1 < end; sums += 2, x += 8 * stride) {
        int32_t a = nh_three(x, w0, w1, w2, first ? bias : sums[0]);
        int32_t b = nh_three(x + 4 * stride, w0, w1, w2, first ? bias : sums[1]);
        sums[0] = a;
        sums[1] = b;
    }
#endif
    for (; sums != end; x += 4 * stride, sums++) *sums = nh_three(x, w0, w1, w2, first ? bias : *sums);
}

/* On to the outputs: of the sums, or of the sums and three last taps. `brief`: two short products are proved to
   give the same outputs as the long one. */
NH_INLINE void nh_plane_end(const nh_plane_t *p, const nh_plane_channel_t *k, const int32_t *sums, int8_t *y,
                            const uint8_t *x, const int8_t *w, int32_t stride, int brief) {
    const int32_t w0 = w ? w[0] : 0, w1 = w ? w[1] : 0, w2 = w ? w[2] : 0, step = p->y_inner_step;
    const int32_t multiplier = k->multiplier, shift = k->shift, offset = k->offset;
    const int32_t coarse = multiplier >> 16, fine = multiplier & 0xffff;
    for (const int32_t *end = sums + p->y_inner; sums != end; sums++, x += 4 * stride, y += step) {
        const int32_t sum = w ? nh_three(x, w0, w1, w2, *sums) : *sums;
        const int32_t v = brief ? (sum * coarse + offset + ((sum * fine) >> 12)) >> shift
                                : nh_requantize(sum, multiplier, shift, offset);
        *y = (int8_t)nh_saturate_s8(v);
    }
}

#define NH_PLANE_STRIDE(S)                                                                                       \
    NH_PASS void nh_plane_first_##S(int32_t *sums, int32_t n, const uint8_t *x, const nh_plane_channel_t *k) {   \
        nh_plane_pass(sums, n, x, k->weights, S, 1, k->bias);                                                    \
    }                                                                                                            \
    NH_PASS void nh_plane_next_##S(int32_t *sums, int32_t n, const uint8_t *x, const int8_t *w) {                \
        nh_plane_pass(sums, n, x, w, S, 0, 0);                                                                   \
    }
NH_PLANE_STRIDE(1)
NH_PLANE_STRIDE(2)

#if defined(__ARM_ARCH_6M__) /* whose registers are not enough for both */
#define NH_PLANE_END(S, KIND, BRIEF)                                                                             \
    NH_PASS void nh_plane_scale_##S##KIND(const nh_plane_t *p, const nh_plane_channel_t *k, const int32_t *sums, \
                                          int8_t *y) {                                                           \
        nh_plane_end(p, k, sums, y, (const uint8_t *)y, NULL, 0, BRIEF);                                         \
    }                                                                                                            \
    NH_PASS void nh_plane_end_##S##KIND(const nh_plane_t *p, const nh_plane_channel_t *k, int32_t *sums,         \
                                        const uint8_t *x, const int8_t *w, int8_t *y) {                          \
        nh_plane_next_##S(sums, p->y_inner, x, w);                                                               \
        nh_plane_scale_##S##KIND(p, k, sums, y);                                                                 \
    }
#else
#define NH_PLANE_END(S, KIND, BRIEF)                                                                             \
    NH_PASS void nh_plane_end_##S##KIND(const nh_plane_t *p, const nh_plane_channel_t *k, int32_t *sums,         \
                                        const uint8_t *x, const int8_t *w, int8_t *y) {                          \
        nh_plane_end(p, k, sums, y, x, w, S, BRIEF);                                                             \
    }
#endif
NH_PLANE_END(1, _exact, 0)
NH_PLANE_END(2, _exact, 0)
NH_PLANE_END(1, _brief, 1)
NH_PLANE_END(2, _brief, 1)

#if defined(__ARM_ARCH_6M__) /* all of a channel's outputs, instead of passes, where p->threes is not -1 */
#define NH_PLANE_THREES(S)                                                                                       \
    NH_PASS void nh_plane_all_##S##_brief(const nh_plane_t *p, const nh_plane_channel_t *k, const uint8_t *x,    \
                                          int8_t *y) {                                                           \
        nh_threes(p, k->bias, k->weights, k->multiplier, k->offset, k->shift, x, y, nh_threes_##S);              \
    }
NH_PLANE_THREES(1)
NH_PLANE_THREES(2)
#else
#define nh_plane_all_1_brief NULL
#define nh_plane_all_2_brief NULL
#endif
#define nh_plane_all_1_exact NULL
#define nh_plane_all_2_exact NULL

typedef void (*nh_plane_all_t)(const nh_plane_t *p, const nh_plane_channel_t *k, const uint8_t *x, int8_t *y);
typedef void (*nh_plane_first_t)(int32_t *sums, int32_t n, const uint8_t *x, const nh_plane_channel_t *k);
typedef void (*nh_plane_next_t)(int32_t *sums, int32_t n, const uint8_t *x, const int8_t *w);
typedef void (*nh_plane_end_t)(const nh_plane_t *p, const nh_plane_channel_t *k, int32_t *sums, const uint8_t *x,
                               const int8_t *w, int8_t *y);

NH_INLINE void nh_plane_outputs(const nh_plane_t *p, const nh_plane_channel_t *k, const uint8_t *x, int32_t *sums,
                                int8_t *y, nh_plane_first_t first, nh_plane_next_t next, nh_plane_end_t last) {
    const int32_t n = p->y_inner;
    for (int32_t i = p->y_outer; i > 0; i--, y += p->y_outer_step, x += 4 * p->row * p->stride_outer) {
        const int8_t *w = k->weights;
        const int32_t *at = p->passes, *end = at + p->pass_count - 1;
        first(sums, n, x + 4 * *at++, k);
        while (at != end) next(sums, n, x + 4 * *at++, w += 3);
        last(p, k, sums, x + 4 * *at, w + 3, y);
    }
}

/* scratch: the planes, a row of sums. */
NH_INLINE void nh_plane_layer(const nh_plane_t *p, const int8_t *x, int8_t *y, void *scratch, nh_plane_first_t first,
                              nh_plane_next_t next, nh_plane_end_t last, nh_plane_all_t all) {
    uint32_t *planes = (uint32_t *)scratch;
    const uint8_t *k = (const uint8_t *)p->channel;
    memset(planes, p->x_zero + 128, (size_t)(4 * p->size));
    for (int32_t c = 0; c < p->channels; c += 4) {
        const int32_t n = nh_min(p->channels - c, 4);
        if (n == 4 && (p->channels & 3) == 0) nh_plane_fill_words(p, x + c, planes + p->inside, 4);
        else nh_plane_fill_words(p, x + c, planes + p->inside, n);
        for (int32_t i = 0; i < n; i++, k += p->channel_bytes) {
            const nh_plane_channel_t *channel = (const nh_plane_channel_t *)(const void *)k;
            const uint8_t *plane = (const uint8_t *)planes + i;
            if (all && p->threes >= 0) all(p, channel, plane, y + c + i);
            else nh_plane_outputs(p, channel, plane, (int32_t *)(planes + p->size), y + c + i, first, next, last);
        }
    }
    nh_clamp_s8(y, p->channels * p->y_inner * p->y_outer, p->low, p->high);
}

#define NH_PLANE_KIND(S, KIND)                                                                               \
    NH_KERNEL void nh_depthwise_plane_##S##KIND##_s8(const nh_plane_t *p, const int8_t *x, int8_t *y,        \
                                                     void *scratch) {                                        \
        nh_plane_layer(p, x, y, scratch, nh_plane_first_##S, nh_plane_next_##S, nh_plane_end_##S##KIND,      \
                       nh_plane_all_##S##KIND);                                                              \
    }
NH_PLANE_KIND(1, _exact)
NH_PLANE_KIND(2, _exact)
NH_PLANE_KIND(1, _brief)
NH_PLANE_KIND(2, _brief)
