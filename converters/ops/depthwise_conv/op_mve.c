/* DEPTHWISE_CONV_2D, Armv8.1-M MVE: sixteen channels of a position at once, any window.

   VMULLB and VMULLT make int16 products of the even and the odd channels; two taps are added in int16, where they
   fit, before they are widened into four vectors of int32. The last sixteen channels may overlap those before. */
#include "op_mve.h"

/* For each sixteen channels: [4, 4] bias in the order of mve.h, [2 pairs, 16] weights. */
#define NH_GROUP_BYTES(pairs) (64 + 32 * (pairs))

typedef struct {
    int32x4_t a, b, c, d;
} nh_mve_sums_t;

/* Adds the int16 lanes of q6 to q0 and q1, those of q7 to q2 and q3. */
#define NH_MVE_WIDEN               \
    "vmovlb.s16 q4, q6\n"          \
    "vmovlt.s16 q5, q6\n"          \
    "vadd.i32 q0, q0, q4\n"        \
    "vmovlb.s16 q4, q7\n"          \
    "vadd.i32 q1, q1, q5\n"        \
    "vmovlt.s16 q5, q7\n"          \
    "vadd.i32 q2, q2, q4\n"        \
    "vadd.i32 q3, q3, q5\n"

/* The sums of one window, `offset` bytes behind its taps. */
NH_INLINE nh_mve_sums_t nh_mve_window(const int8_t *const *taps, int32_t pairs, int32_t offset, const int8_t *w) {
    register int32x4_t a __asm("q0") = vldrwq_s32((const int32_t *)(const void *)w);
    register int32x4_t b __asm("q1") = vldrwq_s32((const int32_t *)(const void *)(w + 16));
    register int32x4_t c __asm("q2") = vldrwq_s32((const int32_t *)(const void *)(w + 32));
    register int32x4_t d __asm("q3") = vldrwq_s32((const int32_t *)(const void *)(w + 48));
    const int8_t *first, *second;
    w += 64;
    __asm volatile("dls lr, %[pairs]\n"
                   "1: ldrd %[first], %[second], [%[taps]], #8\n"
                   "add %[first], %[offset]\n"
                   "add %[second], %[offset]\n"
                   "vldrb.8 q4, [%[first]]\n"
                   "vldrb.8 q5, [%[w]], #16\n"
                   "vmullb.s8 q6, q4, q5\n"
                   "vmullt.s8 q7, q4, q5\n"
                   "vldrb.8 q4, [%[second]]\n"
                   "vldrb.8 q5, [%[w]], #16\n"
                   "vmullb.s8 q4, q4, q5\n"
                   "vadd.i16 q6, q6, q4\n"
                   "vldrb.8 q4, [%[second]]\n"
                   "vmullt.s8 q4, q4, q5\n"
                   "vadd.i16 q7, q7, q4\n" NH_MVE_WIDEN "le lr, 1b\n"
                   : [taps] "+r"(taps), [w] "+r"(w), [first] "=&r"(first), [second] "=&r"(second), "+w"(a), "+w"(b),
                     "+w"(c), "+w"(d)
                   : [pairs] "r"(pairs), [offset] "r"(offset)
                   : "lr", "q4", "q5", "q6", "q7", "memory");
    return (nh_mve_sums_t){a, b, c, d};
}

/* All channels of a position. */
NH_INLINE void nh_mve_position(const nh_depthwise_mve_t *p, const int8_t *const *taps, int32_t offset, int8_t *y,
                               int32_t mode) {
    const int8_t *w = (const int8_t *)p->layer.weights;
    const int32_t *s = p->output.scaling;
    int32_t words = nh_mve_words(mode), last = p->layer.x_c - 16;
    for (int32_t c = 0; c < p->layer.x_c; c += 16, w += NH_GROUP_BYTES(p->pairs), s += 4 * words) {
        int32_t from = nh_min(c, last);
        nh_mve_sums_t sums = nh_mve_window(taps, p->pairs, offset + from, w);
        sums.a = nh_mve_scale(sums.a, s, mode);
        sums.b = nh_mve_scale(sums.b, s + words, mode);
        sums.c = nh_mve_scale(sums.c, s + 2 * words, mode);
        sums.d = nh_mve_scale(sums.d, s + 3 * words, mode);
        vstrbq_s8(y + from, nh_mve_narrow(sums.a, sums.b, sums.c, sums.d, &p->output));
    }
}

/* The window of output band f has no tap in the padding of its row. */
NH_INLINE int32_t nh_mve_within(const nh_depthwise_t *p, int32_t f) {
    int32_t band = f * p->stride_f - p->pad_f;
    return band >= 0 && band + (p->k_f - 1) * p->dilation_f < p->x_f;
}

NH_INLINE void nh_mve_depthwise(const nh_depthwise_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch,
                                int32_t mode) {
    const nh_depthwise_t *layer = &p->layer;
    int32_t step = layer->stride_f * layer->x_c;
    int8_t *pad = (int8_t *)scratch;
    const int8_t **taps = (const int8_t **)(void *)(pad + ((layer->pad_bytes + 3) & ~3));
    if (layer->pad_bytes) nh_mve_fill(pad, layer->x_zero, layer->pad_bytes);
    for (int32_t t = 0; t < layer->y_t; t++) {
        int32_t offset = 0, row = t * layer->stride_t - layer->pad_t;
        /* A row of padding does not move with the window. */
        int32_t slides = row >= 0 && row + (layer->k_t - 1) * layer->dilation_t < layer->x_t, before = 0;
        for (int32_t f = 0; f < layer->y_f; f++, y += layer->y_c, offset += step) {
            int32_t within = slides && nh_mve_within(layer, f);
            if (!within || !before) {
                const int8_t **end = nh_taps(layer, x, t, f, pad, taps);
                *end = end[-1];
                offset = 0;
            }
            before = within;
            nh_mve_position(p, taps, offset, y, mode);
        }
    }
}

NH_KERNEL void nh_depthwise_mve_ring_s8(const nh_depthwise_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    if (p->output.mode == NH_RECTIFIED) nh_mve_depthwise(p, x, y, scratch, NH_RECTIFIED);
    else if (p->output.mode == NH_SIGNED) nh_mve_depthwise(p, x, y, scratch, NH_SIGNED);
    else nh_mve_depthwise(p, x, y, scratch, NH_WIDE);
}

NH_KERNEL void nh_depthwise_mve_s8(const nh_depthwise_mve_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->layer.x_t * p->layer.x_f * p->layer.x_c);
    nh_depthwise_mve_ring_s8(p, &plain, y, scratch);
}
