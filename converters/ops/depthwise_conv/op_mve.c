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

#define NH_MVE_SCALED(q, sign)                 \
    "vldrw.32 q4, [r0], #16\n"                 \
    "vqrdmulh.s32 " q ", " q ", q4\n" sign(q)  \
    "vldrw.32 q4, [r0], #16\n"                 \
    "vrshl.s32 " q ", " q ", q4\n"

/* Halves away from zero: one less before the rounding shift where negative. */
#define NH_MVE_AWAY(q) "vshr.s32 q5, " q ", #31\n" "vadd.i32 " q ", " q ", q5\n"
#define NH_MVE_UPWARDS(q) ""

#define NH_MVE_TAPS(sign)                                                      \
    __asm volatile("push {r4-r11, lr}\n"                                       \
                   "vpush {d8-d15}\n"                                          \
                   "add r2, r0, #20\n"                                         \
                   "ldmia r0, {r0, r1, r3, r4, r5}\n"                          \
                   "push {r0, r1, r3, r4, r5}\n"                               \
                   "ldmia r2, {r4-r11}\n"                                      \
                   "1: ldmia sp, {r0, r12}\n"                                  \
                   "2: vldrw.32 q0, [r0], #16\n"                               \
                   "vldrw.32 q1, [r0], #16\n"                                  \
                   "vldrw.32 q2, [r0], #16\n"                                  \
                   "vldrw.32 q3, [r0], #16\n"                                  \
                   "mov r1, r7\n"                                              \
                   "dls lr, r8\n"                                              \
                   "3: ldrd r2, r3, [r1], #8\n"                                \
                   "add r2, r4\n"                                              \
                   "add r3, r4\n"                                              \
                   "vldrb.8 q4, [r2]\n"                                        \
                   "vldrb.8 q5, [r0], #16\n"                                   \
                   "vmullb.s8 q6, q4, q5\n"                                    \
                   "vmullt.s8 q7, q4, q5\n"                                    \
                   "vldrb.8 q4, [r3]\n"                                        \
                   "vldrb.8 q5, [r0], #16\n"                                   \
                   "vmullb.s8 q4, q4, q5\n"                                    \
                   "vadd.i16 q6, q6, q4\n"                                     \
                   "vldrb.8 q4, [r3]\n"                                        \
                   "vmullt.s8 q4, q4, q5\n"                                    \
                   "vadd.i16 q7, q7, q4\n" NH_MVE_WIDEN                        \
                   "le lr, 3b\n"                                               \
                   "cbz r6, 4f\n"                                              \
                   "ldr r2, [r1]\n"                                            \
                   "add r2, r4\n"                                              \
                   "vldrb.8 q4, [r2]\n"                                        \
                   "vldrb.8 q5, [r0], #16\n"                                   \
                   "vmullb.s8 q6, q4, q5\n"                                    \
                   "vmullt.s8 q7, q4, q5\n" NH_MVE_WIDEN                       \
                   "4:\n" NH_MVE_SCALED("q0", sign) NH_MVE_SCALED("q1", sign)  \
                       NH_MVE_SCALED("q2", sign) NH_MVE_SCALED("q3", sign)     \
                   "vqmovnb.s32 q4, q0\n"                                      \
                   "vqmovnb.s32 q5, q2\n"                                      \
                   "vqmovnt.s32 q4, q1\n"                                      \
                   "vqmovnt.s32 q5, q3\n"                                      \
                   "vqadd.s16 q4, q4, r9\n"                                    \
                   "vqadd.s16 q5, q5, r9\n"                                    \
                   "vdup.8 q0, r10\n"                                          \
                   "vqmovnb.s16 q6, q4\n"                                      \
                   "vqmovnt.s16 q6, q5\n"                                      \
                   "vdup.8 q1, r11\n"                                          \
                   "vmax.s8 q6, q6, q0\n"                                      \
                   "add r4, #16\n"                                             \
                   "vmin.s8 q6, q6, q1\n"                                      \
                   "subs r12, #1\n"                                            \
                   "vstrb.8 q6, [r5], #16\n"                                   \
                   "bne 2b\n"                                                  \
                   "ldr r12, [sp, #8]\n"                                       \
                   "ldrd r2, r3, [sp, #12]\n"                                  \
                   "subs r12, #1\n"                                            \
                   "add r4, r2\n"                                              \
                   "add r5, r3\n"                                              \
                   "str r12, [sp, #8]\n"                                       \
                   "bne 1b\n"                                                  \
                   "add sp, #20\n"                                             \
                   "vpop {d8-d15}\n"                                           \
                   "pop {r4-r11, pc}\n")

NH_ASSEMBLY void nh_mve_taps_rectified(const nh_mve_run_t *run NH_UNUSED) { NH_MVE_TAPS(NH_MVE_UPWARDS); }

NH_ASSEMBLY void nh_mve_taps_signed(const nh_mve_run_t *run NH_UNUSED) { NH_MVE_TAPS(NH_MVE_AWAY); }

/* `positions` from y on, each `step` bytes behind the taps of the one before. */
NH_KERNEL void nh_mve_taps_run(const nh_depthwise_mve_t *p, const int8_t *const *taps, int32_t step, int8_t *y,
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

/* Positions from `at` on, of n, whose windows have no tap in the padding; pads and steps along one axis. */
NH_INLINE int32_t nh_mve_inside(int32_t at, int32_t n, int32_t stride, int32_t pad, int32_t extent, int32_t x) {
    int32_t end = at;
    if (at * stride < pad) return 0;
    while (end < n && end * stride - pad + extent <= x) end++;
    return end - at;
}

NH_INLINE void nh_mve_depthwise(const nh_depthwise_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    const nh_depthwise_t *l = &p->layer;
    int32_t extent_t = (l->k_t - 1) * l->dilation_t + 1, extent_f = (l->k_f - 1) * l->dilation_f + 1;
    int32_t band = l->stride_f * l->x_c, frame = l->stride_t * l->x_f * l->x_c, n;
    int8_t *pad = (int8_t *)scratch;
    const int8_t **taps = (const int8_t **)(void *)(pad + ((l->pad_bytes + 3) & ~3));
    if (l->pad_bytes) nh_mve_fill(pad, l->x_zero, l->pad_bytes);
    for (int32_t t = 0; t < l->y_t;) {
        int32_t frames = nh_mve_inside(t, l->y_t, l->stride_t, l->pad_t, extent_t, l->x_t);
        int32_t along_t = l->y_f == 1 && !x->bytes && frames && nh_mve_inside(0, 1, l->stride_f, l->pad_f, extent_f, l->x_f);
        for (int32_t f = 0; f < l->y_f; f += n) {
            const int8_t **end = nh_taps(l, x, t, f, pad, taps);
            *end = end[-1];
            n = frames ? nh_mve_inside(f, l->y_f, l->stride_f, l->pad_f, extent_f, l->x_f) : 0;
            if (n == 0) n = 1;
            nh_mve_taps_run(p, taps, along_t ? frame : band, y, along_t ? frames : n);
            y += n * l->y_c;
        }
        t += along_t ? frames : 1;
        if (along_t) y += (frames - 1) * l->y_c;
    }
}

NH_KERNEL void nh_depthwise_mve_ring_s8(const nh_depthwise_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_mve_depthwise(p, x, y, scratch);
}

NH_KERNEL void nh_depthwise_mve_s8(const nh_depthwise_mve_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->layer.x_t * p->layer.x_f * p->layer.x_c);
    nh_mve_depthwise(p, &plain, y, scratch);
}
