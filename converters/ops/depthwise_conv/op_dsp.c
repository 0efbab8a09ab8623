/* DEPTHWISE_CONV_2D, Armv7E-M: words of four channels, two taps at a time, through a table of taps: any window,
   stride, dilation, padding and ring; one filter for each channel, at least four channels. */
#include "../include/dsp.h"
#include "taps.h"

/* All channels of one position, four at a time; the last four may have been done before. Behind the taps, at end:
   the output, the taps' start, the last four's first channel. k is what is constant of each four: twice the biases;
   for each pair of taps the pairs of int16 weights of each channel, twice the layer's, as SMMLAR wants; multiplier
   and rounding of each channel; their shifts, a byte each. */
NH_INLINE void nh_depthwise_words(const int8_t *const *taps, const int8_t *const *end, const uint32_t *k) {
    uint32_t c = 0, p0, p1, p2, w0, w1, s0, s1, s2, s3;
    __asm volatile(
        "0:\n\t"
        "ldrd %[s0], %[s1], [%[k]], #16\n\t"
        "ldrd %[s2], %[s3], [%[k], #-8]\n\t"
        "1:\n\t"
        "ldrd %[p0], %[p1], [%[taps]], #8\n\t"
        "ldr %[p2], [%[p0], %[c]]\n\t"
        "ldr %[w0], [%[p1], %[c]]\n\t"
        "pkhbt %[p0], %[p2], %[w0], lsl #16\n\t" /* channels 0 and 1 of both taps */
        "pkhtb %[p1], %[w0], %[p2], asr #16\n\t" /* 2 and 3 */
        "sxtb16 %[p2], %[p0]\n\t"
        "ldrd %[w0], %[w1], [%[k]], #16\n\t"
        "sxtb16 %[p0], %[p0], ror #8\n\t"
        "smlad %[s0], %[w0], %[p2], %[s0]\n\t"
        "smlad %[s1], %[w1], %[p0], %[s1]\n\t"
        "ldrd %[w0], %[w1], [%[k], #-8]\n\t"
        "sxtb16 %[p2], %[p1]\n\t"
        "sxtb16 %[p1], %[p1], ror #8\n\t"
        "cmp %[taps], %[end]\n\t"
        "smlad %[s2], %[w0], %[p2], %[s2]\n\t"
        "smlad %[s3], %[w1], %[p1], %[s3]\n\t"
        "bne 1b\n\t"
#define NH_SCALE(s, at)                          \
        "ldrd %[w0], %[w1], [%[k], #" at "]\n\t" \
        "add %[w1], %[w1], " s ", asr #31\n\t"   \
        "smmlar " s ", " s ", %[w0], %[w1]\n\t"
#define NH_STORE(s, at, byte)                    \
        "ldrb %[w0], [%[k], #" at "]\n\t"        \
        "asr " s ", %[w0]\n\t"                   \
        "ssat " s ", #8, " s "\n\t"              \
        "strb " s ", [%[p0], #" byte "]\n\t"
        "ldr %[p0], [%[end]]\n\t"
        NH_SCALE("%[s0]", "0") NH_SCALE("%[s1]", "8") NH_SCALE("%[s2]", "16") NH_SCALE("%[s3]", "24")
        "add %[p0], %[c]\n\t"
        NH_STORE("%[s0]", "32", "0") NH_STORE("%[s1]", "33", "1") NH_STORE("%[s2]", "34", "2")
        NH_STORE("%[s3]", "35", "3")
        "ldrd %[taps], %[p0], [%[end], #4]\n\t"
        "add %[k], #36\n\t"
        "cmp %[c], %[p0]\n\t"
        "beq 2f\n\t"
        "add %[c], #4\n\t"
        "cmp %[c], %[p0]\n\t"
        "it hi\n\t"
        "movhi %[c], %[p0]\n\t"
        "b 0b\n\t"
        "2:\n\t"
#undef NH_SCALE
#undef NH_STORE
        : [taps] "+r"(taps), [k] "+r"(k), [c] "+r"(c), [s0] "=&r"(s0), [s1] "=&r"(s1), [s2] "=&r"(s2),
          [s3] "=&r"(s3), [p0] "=&r"(p0), [p1] "=&r"(p1), [p2] "=&r"(p2), [w0] "=&r"(w0), [w1] "=&r"(w1)
        : [end] "r"(end)
        : "cc", "memory");
}

/* scratch: taps, even in number, then what the assembly finds behind them, then pad_bytes of padding. */
NH_KERNEL void nh_depthwise_words_ring_s8(const nh_depthwise_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    const int8_t **taps = (const int8_t **)scratch, **end = taps + ((p->k_t * p->k_f + 1) & ~1);
    int8_t *pad = (int8_t *)(end + 3);
    if (p->pad_bytes) memset(pad, p->x_zero, (size_t)p->pad_bytes);
    end[0] = y;
    end[1] = (const int8_t *)taps;
    end[2] = (const int8_t *)(uintptr_t)(uint32_t)(p->y_c - 4);
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, *end += p->y_c) {
            const int8_t **last = nh_taps(p, x, t, f, pad, taps);
            if (last != end) *last = taps[0];
            nh_depthwise_words(taps, end, (const uint32_t *)p->weights);
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_depthwise_words_s8(const nh_depthwise_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->x_c);
    nh_depthwise_words_ring_s8(p, &plain, y, scratch);
}
