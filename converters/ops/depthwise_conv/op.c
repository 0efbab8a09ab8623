/* DEPTHWISE_CONV_2D, portable: any stride, dilation, padding and number of filters. */
#include "taps.h"

NH_INLINE int8_t nh_depthwise_out(const nh_depthwise_t *p, int32_t c, uint32_t sum, int wide) {
    int32_t shift = p->shift[c];
    if (wide) return (int8_t)nh_saturate_s8(nh_multiply((int32_t)sum, p->multiplier[c], shift) + p->y_zero);
    return (int8_t)nh_saturate_s8(
        nh_requantize((int32_t)sum, p->multiplier[c], shift, nh_rounding(p->y_zero, shift)));
}

/* Channel c of the input with the weights w[0], w[4], w[8], ... */
static __attribute__((noinline, unused)) uint32_t nh_depthwise_dot(const int8_t *const *taps, int32_t n, int32_t c,
                                                                   const int8_t *w, uint32_t sum) {
    for (const int8_t *const *end = taps + n; taps != end; w += 4) sum += (uint32_t)((*taps++)[c] * *w);
    return sum;
}

/* Four channels from c: w [n, 4]. */
NH_INLINE void nh_depthwise_four(const nh_depthwise_t *p, const int8_t *const *taps, int32_t n, int32_t c,
                                 const int8_t *w, int8_t *y, int wide) {
    const int32_t *bias = p->bias + c;
    uint32_t s0 = (uint32_t)bias[0], s1 = (uint32_t)bias[1], s2 = (uint32_t)bias[2], s3 = (uint32_t)bias[3];
    for (const int8_t *end = w + 4 * n; w != end; w += 4) {
        const int8_t *x = *taps++ + c;
        s0 += (uint32_t)(x[0] * w[0]);
        s1 += (uint32_t)(x[1] * w[1]);
        s2 += (uint32_t)(x[2] * w[2]);
        s3 += (uint32_t)(x[3] * w[3]);
    }
    y[c] = nh_depthwise_out(p, c, s0, wide);
    y[c + 1] = nh_depthwise_out(p, c + 1, s1, wide);
    y[c + 2] = nh_depthwise_out(p, c + 2, s2, wide);
    y[c + 3] = nh_depthwise_out(p, c + 3, s3, wide);
}

/* weights [ceil(y_c / 4), k_t * k_f, 4]; scratch: the taps, then pad_bytes of padding. */
NH_INLINE void nh_depthwise_any(const nh_depthwise_t *p, const nh_ring_t *x, int8_t *y, void *scratch, int wide) {
    const int8_t **taps = (const int8_t **)scratch;
    int32_t n = p->k_t * p->k_f, fours = p->filters == 1 ? p->y_c & ~3 : 0;
#if defined(__ARM_ARCH_6M__) /* whose registers are enough for one channel */
    fours = 0;
#endif
    int8_t *pad = (int8_t *)(taps + n), *out = y;
    if (p->pad_bytes) memset(pad, p->x_zero, (size_t)p->pad_bytes);
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, out += p->y_c) {
            int32_t c = 0;
            (void)nh_taps(p, x, t, f, pad, taps);
            for (; c < fours; c += 4) nh_depthwise_four(p, taps, n, c, (const int8_t *)p->weights + c * n, out, wide);
            for (; c < p->y_c; c++) {
                const int8_t *w = (const int8_t *)p->weights + (c & ~3) * n + (c & 3);
                int32_t from = p->filters == 1 ? c : c / p->filters;
                uint32_t sum = nh_depthwise_dot(taps, n, from, w, (uint32_t)p->bias[c]);
                out[c] = nh_depthwise_out(p, c, sum, wide);
            }
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_depthwise_ring_s8(const nh_depthwise_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_depthwise_any(p, x, y, scratch, 0);
}

NH_KERNEL void nh_depthwise_s8(const nh_depthwise_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->x_c);
    nh_depthwise_ring_s8(p, &plain, y, scratch);
}

/* Where the narrow requantization is not proved exact. */
NH_KERNEL void nh_depthwise_wide_ring_s8(const nh_depthwise_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_depthwise_any(p, x, y, scratch, 1);
}

NH_KERNEL void nh_depthwise_wide_s8(const nh_depthwise_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->x_c);
    nh_depthwise_wide_ring_s8(p, &plain, y, scratch);
}
