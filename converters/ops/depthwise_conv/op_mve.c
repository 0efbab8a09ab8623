/* DEPTHWISE_CONV_2D, Armv8.1-M MVE: sixteen channels of a position at once, any window.

   VMULLB and VMULLT make int16 products of the even and the odd channels; two taps are added in int16, where they
   fit, before they are widened into four vectors of int32. The last sixteen channels may overlap those before. */
#include "op_mve.h"

/* A run of positions whose taps move on together. The assembly reads it in this order; the first five are its
   variables, and the next eight stay in r4 to r11. */
typedef struct {
    const int8_t *constants;
    int32_t sixteens;
    int32_t positions;
    int32_t to_next, y_to_next; /* bytes from behind a position's channels to the next position */
    int32_t offset;             /* of the taps */
    int8_t *y;
    int32_t odd;
    const int8_t *const *taps;
    int32_t pairs;
    int32_t y_zero, low, high;
} nh_mve_run_t;

/* The int16 lanes of q6 to q0 and q1, those of q7 to q2 and q3. */
#define NH_MVE_WIDEN         \
    "vmovlb.s16 q4, q6\n"    \
    "vmovlt.s16 q5, q6\n"    \
    "vadd.i32 q0, q0, q4\n"  \
    "vmovlb.s16 q4, q7\n"    \
    "vadd.i32 q1, q1, q5\n"  \
    "vmovlt.s16 q5, q7\n"    \
    "vadd.i32 q2, q2, q4\n"  \
    "vadd.i32 q3, q3, q5\n"

#define NH_MVE_TAPS(sign)                                   \
    __asm volatile("push {r4-r11, lr}\n"                    \
                   "vpush {d8-d15}\n"                       \
                   "add r2, r0, #20\n"                      \
                   "ldmia r0, {r0, r1, r3, r4, r5}\n"       \
                   "push {r0, r1, r3, r4, r5}\n"            \
                   "ldmia r2, {r4-r11}\n"                   \
                   "1: ldmia sp, {r0, r12}\n"               \
                   "2: vldrw.32 q0, [r0], #16\n"            \
                   "vldrw.32 q1, [r0], #16\n"               \
                   "vldrw.32 q2, [r0], #16\n"               \
                   "vldrw.32 q3, [r0], #16\n"               \
                   "mov r1, r7\n"                           \
                   "dls lr, r8\n"                           \
                   "3: ldrd r2, r3, [r1], #8\n"             \
                   "add r2, r4\n"                           \
                   "add r3, r4\n"                           \
                   "vldrb.8 q4, [r2]\n"                     \
                   "vldrb.8 q5, [r0], #16\n"                \
                   "vmullb.s8 q6, q4, q5\n"                 \
                   "vmullt.s8 q7, q4, q5\n"                 \
                   "vldrb.8 q4, [r3]\n"                     \
                   "vldrb.8 q5, [r0], #16\n"                \
                   "vmullb.s8 q4, q4, q5\n"                 \
                   "vadd.i16 q6, q6, q4\n"                  \
                   "vldrb.8 q4, [r3]\n"                     \
                   "vmullt.s8 q4, q4, q5\n"                 \
                   "vadd.i16 q7, q7, q4\n" NH_MVE_WIDEN     \
                   "le lr, 3b\n"                            \
                   "cbz r6, 4f\n"                           \
                   "ldr r2, [r1]\n"                         \
                   "add r2, r4\n"                           \
                   "vldrb.8 q4, [r2]\n"                     \
                   "vldrb.8 q5, [r0], #16\n"                \
                   "vmullb.s8 q6, q4, q5\n"                 \
                   "vmullt.s8 q7, q4, q5\n" NH_MVE_WIDEN    \
                   "4:\n" NH_MVE_SIXTEEN("r0", "r9", sign)  \
                   "vdup.8 q1, r10\n"                       \
                   "add r4, #16\n"                          \
                   "vmax.s8 q0, q0, q1\n"                   \
                   "vdup.8 q2, r11\n"                       \
                   "vmin.s8 q0, q0, q2\n"                   \
                   "subs r12, #1\n"                         \
                   "vstrb.8 q0, [r5], #16\n"                \
                   "bne 2b\n"                               \
                   "ldr r12, [sp, #8]\n"                    \
                   "ldrd r2, r3, [sp, #12]\n"               \
                   "subs r12, #1\n"                         \
                   "add r4, r2\n"                           \
                   "add r5, r3\n"                           \
                   "str r12, [sp, #8]\n"                    \
                   "bne 1b\n"                               \
                   "add sp, #20\n"                          \
                   "vpop {d8-d15}\n"                        \
                   "pop {r4-r11, pc}\n")

NH_ASSEMBLY void nh_mve_taps_rectified(const nh_mve_run_t *run NH_UNUSED) { NH_MVE_TAPS(NH_MVE_UPWARDS); }

NH_ASSEMBLY void nh_mve_taps_signed(const nh_mve_run_t *run NH_UNUSED) { NH_MVE_TAPS(NH_MVE_AWAY); }

/* `positions` from y on, each `step` bytes behind the taps of the one before. */
NH_APART void nh_mve_taps_run(const nh_depthwise_mve_t *p, const int8_t *const *taps, int32_t step, int8_t *y,
                              int32_t positions) {
    const nh_depthwise_t *layer = &p->layer;
    const int8_t *constants = (const int8_t *)layer->weights;
    int32_t c = layer->x_c, overlap = c & 15, whole = c >> 4, done = 16 * whole;
    nh_mve_run_t run = {constants, whole, positions, step - done, c - done, 0, y, p->odd, taps, p->pairs,
                        layer->y_zero, layer->low, layer->high};
    for (;;) {
        if (p->rectified == NH_RECTIFIED) nh_mve_taps_rectified(&run);
        else nh_mve_taps_signed(&run);
        if (!overlap) return;
        overlap = 0;
        run.constants += whole * p->group_bytes;
        run.sixteens = 1;
        run.to_next = step - 16;
        run.y_to_next = c - 16;
        run.offset = c - 16;
        run.y = y + c - 16;
    }
}

/* The taps of a window that has none in the padding. */
NH_APART void nh_mve_taps(const nh_depthwise_t *l, const nh_ring_t *x, int32_t t, int32_t f, const int8_t **taps) {
    int32_t row = l->dilation_t * l->x_f * l->x_c, step = l->dilation_f * l->x_c, k_f = l->k_f, bytes = x->bytes;
    const int8_t *at = x->x + ((t * l->stride_t - l->pad_t) * l->x_f + f * l->stride_f - l->pad_f) * l->x_c;
    const int8_t *end = x->end;
    for (int32_t i = l->k_t; i > 0; i--, at += row) {
        const int8_t *q = at;
        int32_t j = k_f;
        if (at >= end) at -= bytes, q = at;
        do *taps++ = q, q += step;
        while (--j > 0);
    }
    *taps = taps[-1];
}

NH_APART void nh_mve_border_taps(const nh_depthwise_t *l, const nh_ring_t *x, int32_t t, int32_t f, const int8_t *pad,
                                 const int8_t **taps) {
    const int8_t **end = nh_taps(l, x, t, f, pad, taps);
    *end = end[-1];
}

NH_APART void nh_depthwise_mve_ring_s8(const nh_depthwise_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    const nh_depthwise_t *l = &p->layer;
    int32_t step = l->stride_f * l->x_c;
    int8_t *pad = (int8_t *)scratch;
    const int8_t **taps = (const int8_t **)(void *)(pad + ((l->pad_bytes + 3) & ~3));
    if (l->pad_bytes) nh_mve_fill(pad, l->x_zero, l->pad_bytes);
    for (int32_t t = 0; t < l->y_t; t++) {
        int32_t within = t >= p->first_t && t < p->end_t;
        for (int32_t f = 0, n; f < l->y_f; f += n, y += n * l->y_c) {
            n = 1;
            if (within && f >= p->first_f && f < p->end_f) {
                nh_mve_taps(l, x, t, f, taps);
                n = p->end_f - f;
                if (l->y_f == 1 && !x->bytes) { /* frame after frame */
                    n = p->end_t - t;
                    step = l->stride_t * l->x_f * l->x_c;
                    t += n - 1;
                }
            } else {
                nh_mve_border_taps(l, x, t, f, pad, taps);
            }
            nh_mve_taps_run(p, taps, step, y, n);
            if (l->y_f == 1) {
                y += n * l->y_c;
                break;
            }
        }
    }
}

NH_KERNEL void nh_depthwise_mve_s8(const nh_depthwise_mve_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->layer.x_t * p->layer.x_f * p->layer.x_c);
    nh_depthwise_mve_ring_s8(p, &plain, y, scratch);
}
