/* CONV_2D and FULLY_CONNECTED, Armv8.1-M MVE.

   A window's values lie in one run of K bytes: in x itself (`direct`), or in a strip made for each output frame,
   [columns, k_t, x_c], over which the windows slide. VMLADAVA takes 16 products; 4 channels and 2 positions share
   what is loaded: 6 loads for 8 of them. */
#include "op_mve.h"

typedef struct {
    const int8_t *x0, *x1;
    int32_t twice; /* pairs of blocks of 16 values */
    const int8_t *weights;
    int32_t *acc;   /* [groups, 2, 4] */
    int32_t groups; /* of 4 channels */
} nh_mve_pair_t;

/* 2 positions x 4 channels x 16 values; all even registers accumulate. */
#define NH_MVE_BLOCK                \
    "vldrb.8 q0, [r1], #16\n"       \
    "vldrb.8 q2, [r7], #16\n"       \
    "vmladava.s8 r0, q2, q0\n"      \
    "vldrb.8 q1, [r3], #16\n"       \
    "vmladava.s8 r8, q2, q1\n"      \
    "vldrb.8 q3, [r7], #16\n"       \
    "vmladava.s8 r2, q3, q0\n"      \
    "vldrb.8 q2, [r7], #16\n"       \
    "vmladava.s8 r10, q3, q1\n"     \
    "vldrb.8 q3, [r7], #16\n"       \
    "vmladava.s8 r4, q2, q0\n"      \
    "vmladava.s8 r12, q2, q1\n"     \
    "vmladava.s8 r6, q3, q0\n"      \
    "vmladava.s8 r14, q3, q1\n"

/* r5 times two blocks. */
#define NH_MVE_TWICE "2: subs r5, #1\n" NH_MVE_BLOCK NH_MVE_BLOCK "bne 2b\n"

/* r1 x0, r3 x1, r5 p->twice, r7 weights, r9 acc, r11 groups. */
#define NH_MVE_PAIR(blocks)                                            \
    __asm volatile("push {r4-r11, lr}\n"                               \
                   "ldmia r0, {r1, r3, r5, r7, r9, r11}\n"             \
                   "push {r1, r3, r5}\n"                               \
                   "1: ldmia r7, {r0, r2, r4, r6}\n"                   \
                   "ldmia r7!, {r8, r10, r12, r14}\n"                  \
                   "ldmia sp, {r1, r3, r5}\n" blocks                   \
                   "subs r11, #1\n"                                    \
                   "stmia r9!, {r0, r2, r4, r6, r8, r10, r12, r14}\n"  \
                   "bne 1b\n"                                          \
                   "add sp, #12\n"                                     \
                   "pop {r4-r11, pc}\n")

NH_ASSEMBLY void nh_mve_pair_of_one(const nh_mve_pair_t *p NH_UNUSED) { NH_MVE_PAIR(NH_MVE_BLOCK); }

NH_ASSEMBLY void nh_mve_pair_of_even(const nh_mve_pair_t *p NH_UNUSED) { NH_MVE_PAIR(NH_MVE_TWICE); }

NH_ASSEMBLY void nh_mve_pair_of_odd(const nh_mve_pair_t *p NH_UNUSED) { NH_MVE_PAIR(NH_MVE_BLOCK NH_MVE_TWICE); }

typedef struct {
    const int8_t *x;
    int32_t bytes; /* K: the loop reads none behind them */
    const int8_t *weights;
    int32_t *acc; /* [groups, 4] */
    int32_t groups;
} nh_mve_single_t;

/* 1 position x 4 channels x 16 values. */
#define NH_MVE_LINE_BLOCK       \
    "vldrb.8 q0, [r1], #16\n"   \
    "vldrb.8 q1, [r7], #16\n"   \
    "vmladava.s8 r0, q1, q0\n"  \
    "vldrb.8 q2, [r7], #16\n"   \
    "vmladava.s8 r2, q2, q0\n"  \
    "vldrb.8 q1, [r7], #16\n"   \
    "vmladava.s8 r4, q1, q0\n"  \
    "vldrb.8 q2, [r7], #16\n"   \
    "vmladava.s8 r6, q2, q0\n"

NH_ASSEMBLY void nh_mve_single(const nh_mve_single_t *p NH_UNUSED) {
    __asm volatile("push {r4-r10, lr}\n"
                   "ldmia r0, {r3, r5, r7, r9, r10}\n"
                   "1: ldmia r7!, {r0, r2, r4, r6}\n"
                   "mov r1, r3\n"
                   "dlstp.8 lr, r5\n"
                   "2:\n" NH_MVE_LINE_BLOCK
                   "letp lr, 2b\n"
                   "stmia r9!, {r0, r2, r4, r6}\n"
                   "subs r10, #1\n"
                   "bne 1b\n"
                   "pop {r4-r10, pc}\n");
}

typedef struct {
    const int8_t *x;
    int32_t bytes;
    const int8_t *weights;
    const int32_t *scaling;
    int8_t *y;
    int32_t sixteens; /* of channels */
    int32_t y_zero;
} nh_mve_line_t;

/* One position: r3 x, r5 bytes, r7 weights, r8 scaling, r9 y, r10 sixteens, r11 y_zero. The accumulators of sixteen
   channels wait on the stack. */
#define NH_MVE_LINE(sign)                                                          \
    __asm volatile("push {r4-r11, lr}\n"                                           \
                   "vpush {d8-d11}\n"                                              \
                   "sub sp, #64\n"                                                 \
                   "ldmia r0, {r3, r5, r7, r8, r9, r10, r11}\n"                    \
                   "1: mov r12, sp\n"                                              \
                   "2: ldmia r7!, {r0, r2, r4, r6}\n"                              \
                   "mov r1, r3\n"                                                  \
                   "dlstp.8 lr, r5\n"                                              \
                   "3:\n" NH_MVE_LINE_BLOCK                                        \
                   "letp lr, 3b\n"                                                 \
                   "stmia r12!, {r0, r2, r4, r6}\n"                                \
                   "add r1, sp, #64\n"                                             \
                   "cmp r12, r1\n"                                                 \
                   "bne 2b\n"                                                      \
                   "vldrw.32 q0, [r12, #-64]\n"                                    \
                   "vldrw.32 q1, [r12, #-48]\n"                                    \
                   "vldrw.32 q2, [r12, #-32]\n"                                    \
                   "vldrw.32 q3, [r12, #-16]\n" NH_MVE_SIXTEEN("r8", "r11", sign)  \
                   "subs r10, #1\n"                                                \
                   "vstrb.8 q0, [r9], #16\n"                                       \
                   "bne 1b\n"                                                      \
                   "add sp, #64\n"                                                 \
                   "vpop {d8-d11}\n"                                               \
                   "pop {r4-r11, pc}\n")

NH_ASSEMBLY void nh_mve_line_rectified(const nh_mve_line_t *p NH_UNUSED) { NH_MVE_LINE(NH_MVE_UPWARDS); }

NH_ASSEMBLY void nh_mve_line_signed(const nh_mve_line_t *p NH_UNUSED) { NH_MVE_LINE(NH_MVE_AWAY); }

/* Four channels of two positions, narrowed into the lower or upper halves of q4 and q5, or q6 and q7. */
#define NH_MVE_GROUP(sign, half, to0, to1)         \
    "vldrw.32 q2, [%[acc]], #16\n"                 \
    "vldrw.32 q0, [%[s]], #16\n"                   \
    "vqrdmulh.s32 q2, q2, q0\n"                    \
    "vldrw.32 q3, [%[acc]], #16\n"                 \
    "vqrdmulh.s32 q3, q3, q0\n"                    \
    "vldrw.32 q1, [%[s]], #16\n" sign              \
    "vrshl.s32 q2, q2, q1\n"                       \
    "vrshl.s32 q3, q3, q1\n"                       \
    "vqmovn" half ".s32 " to0 ", q2\n"             \
    "vqmovn" half ".s32 " to1 ", q3\n"

/* Halves away from zero: one less before the rounding shift where negative. */
#define NH_MVE_SIGNED         \
    "vshr.s32 q0, q2, #31\n"  \
    "vadd.i32 q2, q2, q0\n"   \
    "vshr.s32 q0, q3, #31\n"  \
    "vadd.i32 q3, q3, q0\n"

/* n times sixteen channels of two positions, not yet clamped but to int8: acc [4 n, 2, 4]. */
#define NH_MVE_SIXTEENS(sign)                                                                             \
    __asm volatile("dls lr, %[n]\n"                                                                       \
                   "1:\n" NH_MVE_GROUP(sign, "b", "q4", "q5") NH_MVE_GROUP(sign, "t", "q4", "q5")         \
                       NH_MVE_GROUP(sign, "b", "q6", "q7") NH_MVE_GROUP(sign, "t", "q6", "q7")            \
                   "vqadd.s16 q4, q4, %[zero]\n"                                                          \
                   "vqadd.s16 q5, q5, %[zero]\n"                                                          \
                   "vqadd.s16 q6, q6, %[zero]\n"                                                          \
                   "vqadd.s16 q7, q7, %[zero]\n"                                                          \
                   "vqmovnb.s16 q0, q4\n"                                                                 \
                   "vqmovnb.s16 q1, q5\n"                                                                 \
                   "vqmovnt.s16 q0, q6\n"                                                                 \
                   "vqmovnt.s16 q1, q7\n"                                                                 \
                   "vstrb.8 q0, [%[y0]], #16\n"                                                           \
                   "vstrb.8 q1, [%[y1]], #16\n"                                                           \
                   "le lr, 1b\n"                                                                          \
                   : [acc] "+r"(acc), [s] "+r"(s), [y0] "+r"(y0), [y1] "+r"(y1)                           \
                   : [n] "r"(n), [zero] "r"(out->y_zero)                                              \
                   : "lr", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "memory")

/* `rest` > 0 channels of one position: acc [rest / 4, 4]. */
#define NH_MVE_FOURS(sign)                                                              \
    __asm volatile("dlstp.32 lr, %[n]\n"                                                \
                   "1: vldrw.32 q0, [%[acc]], #16\n" NH_MVE_SCALED("q0", "%[s]", sign)  \
                   "vqadd.s32 q0, q0, %[zero]\n"                                        \
                   "vqshl.s32 q0, q0, #24\n"                                            \
                   "vshr.s32 q0, q0, #24\n"                                             \
                   "vstrb.32 q0, [%[y]], #4\n"                                          \
                   "letp lr, 1b\n"                                                      \
                   : [acc] "+r"(acc), [s] "+r"(s), [y] "+l"(y)                          \
                   : [n] "r"(rest), [zero] "r"(out->y_zero)                             \
                   : "lr", "q0", "q4", "q5", "memory")

/* The same of two: acc [rest / 4, 2, 4]. */
#define NH_MVE_TWO_FOURS(sign)                                                   \
    __asm volatile("dlstp.32 lr, %[n]\n"                                         \
                   "1: vldrw.32 q2, [%[acc]], #16\n"                             \
                   "vldrw.32 q0, [%[s]], #16\n"                                  \
                   "vqrdmulh.s32 q2, q2, q0\n"                                   \
                   "vldrw.32 q3, [%[acc]], #16\n"                                \
                   "vqrdmulh.s32 q3, q3, q0\n"                                   \
                   "vldrw.32 q1, [%[s]], #16\n" sign                             \
                   "vrshl.s32 q2, q2, q1\n"                                      \
                   "vrshl.s32 q3, q3, q1\n"                                      \
                   "vqadd.s32 q2, q2, %[zero]\n"                                 \
                   "vqadd.s32 q3, q3, %[zero]\n"                                 \
                   "vqshl.s32 q2, q2, #24\n"                                     \
                   "vqshl.s32 q3, q3, #24\n"                                     \
                   "vshr.s32 q2, q2, #24\n"                                      \
                   "vshr.s32 q3, q3, #24\n"                                      \
                   "vstrb.32 q2, [%[y0]], #4\n"                                  \
                   "vstrb.32 q3, [%[y1]], #4\n"                                  \
                   "letp lr, 1b\n"                                               \
                   : [acc] "+r"(acc), [s] "+r"(s), [y0] "+l"(y0), [y1] "+l"(y1)  \
                   : [n] "r"(rest), [zero] "r"(out->y_zero)                      \
                   : "lr", "q0", "q1", "q2", "q3", "memory")

NH_INLINE void nh_mve_wide(const nh_mve_output_t *out, const int32_t *acc, int32_t step, const int32_t *s, int8_t *y,
                           int32_t n) {
    for (; n > 0; n -= 4, acc += step, s += 12, y += 4) {
        vstrbq_p_s32(y, nh_mve_scale_wide(vldrwq_s32(acc), s, out), vctp32q((uint32_t)n));
    }
}

/* Channels that are worked on by sixteen; the others come in fours, those of NH_WIDE all. */
NH_INLINE int32_t nh_mve_sixteens(const nh_conv_mve_t *p) { return p->output.mode == NH_WIDE ? 0 : p->y_c >> 4; }

/* Two positions' outputs: acc [groups, 2, 4]. */
NH_APART void nh_mve_outputs(const nh_conv_mve_t *p, const int32_t *acc, int8_t *y0) {
    const nh_mve_output_t *out = &p->output;
    const int32_t *s = out->scaling;
    int8_t *y1 = y0 + p->y_c;
    int32_t n = nh_mve_sixteens(p), rest = p->y_c - 16 * n;
    if (out->mode == NH_RECTIFIED) {
        if (n) NH_MVE_SIXTEENS("");
        if (rest) NH_MVE_TWO_FOURS("");
    } else if (out->mode == NH_SIGNED) {
        if (n) NH_MVE_SIXTEENS(NH_MVE_SIGNED);
        if (rest) NH_MVE_TWO_FOURS(NH_MVE_SIGNED);
    } else {
        nh_mve_wide(out, acc, 8, s, y0, rest);
        nh_mve_wide(out, acc + 4, 8, s, y1, rest);
    }
}

/* The one channel's sum. */
NH_INLINE int32_t nh_mve_lone(const nh_conv_mve_t *p, const int8_t *x) {
    const int8_t *w = p->weights + 16;
    int32_t sum = *(const int32_t *)(const void *)p->weights;
    __asm volatile("dlstp.8 lr, %[n]\n"
                   "1: vldrb.8 q0, [%[x]], #16\n"
                   "vldrb.8 q1, [%[w]], #16\n"
                   "vmladava.s8 %[sum], q0, q1\n"
                   "letp lr, 1b\n"
                   : [x] "+r"(x), [w] "+r"(w), [sum] "+Te"(sum)
                   : [n] "r"(p->window)
                   : "lr", "q0", "q1", "memory");
    return sum;
}

/* `rest` of up to sixteen channels. */
NH_INLINE void nh_mve_few(const nh_mve_output_t *out, const int32_t *acc, const int32_t *s, int8_t *y, int32_t rest) {
    if (out->mode == NH_RECTIFIED) NH_MVE_FOURS(NH_MVE_UPWARDS);
    else if (out->mode == NH_SIGNED) NH_MVE_FOURS(NH_MVE_AWAY);
    else nh_mve_wide(out, acc, 4, s, y, rest);
}

/* One position; acc [16]. */
NH_APART void nh_mve_position(const nh_conv_mve_t *p, const int8_t *x, int8_t *y, int32_t *acc) {
    const nh_mve_output_t *out = &p->output;
    int32_t n = nh_mve_sixteens(p), group_bytes = 16 + 64 * ((p->window + 15) >> 4);
    int32_t words = out->mode == NH_WIDE ? 12 : 8;
    nh_mve_line_t line = {x, p->window, p->weights, out->scaling, y, n, out->y_zero};
    nh_mve_single_t fours = {x, p->window, p->weights + 4 * n * group_bytes, acc, 4};
    const int32_t *s = out->scaling + 4 * n * words;
    if (n && out->mode == NH_RECTIFIED) nh_mve_line_rectified(&line);
    else if (n) nh_mve_line_signed(&line);
    for (int32_t c = 16 * n, rest; (rest = p->y_c - c) > 0; c += 16, s += 4 * words) {
        rest = nh_min(rest, 16);
        fours.groups = (rest + 3) >> 2;
        if (p->y_c == 1) *acc = nh_mve_lone(p, x);
        else nh_mve_single(&fours);
        nh_mve_few(out, acc, s, y + c, rest);
        fours.weights += 4 * group_bytes;
    }
}

/* n positions from x on, p->step bytes apart; nothing is read from `end` on. */
NH_KERNEL void nh_mve_positions(const nh_conv_mve_t *p, const int8_t *x, const int8_t *end, int32_t n, int8_t *y,
                                int32_t *acc) {
    int32_t blocks = (p->window + 15) >> 4, groups = (p->y_c + 3) >> 2;
    nh_mve_pair_t pair = {x, x + p->step, blocks >> 1, p->weights, acc, groups};
    for (; n >= 2 && p->y_c > 1 && pair.x1 + 16 * blocks <= end; n -= 2, y += 2 * p->y_c) {
        if (blocks == 1) nh_mve_pair_of_one(&pair);
        else if (blocks & 1) nh_mve_pair_of_odd(&pair);
        else nh_mve_pair_of_even(&pair);
        pair.x0 += 2 * p->step;
        pair.x1 += 2 * p->step;
        nh_mve_outputs(p, acc, y);
    }
    for (x = pair.x0; n > 0; n--, y += p->y_c, x += p->step) nh_mve_position(p, x, y, acc);
}

/* The same lanes of `count` places `from_step` bytes apart, to places `to_step` apart. */
#define NH_MVE_SPREAD(store)                                               \
    __asm volatile("vmsr p0, %[lanes]\n"                                   \
                   "dls lr, %[count]\n"                                    \
                   "1: vpstt\n"                                            \
                   "vldrbt.8 q0, [%[from]]\n"                              \
                   "vstrbt.8 q0, " store "\n"                              \
                   "add %[from], %[from_step]\n"                           \
                   "add %[to], %[to_step]\n"                               \
                   "le lr, 1b\n"                                           \
                   : [to] "+r"(to), [from] "+r"(from)                      \
                   : [from_step] "r"(from_step), [to_step] "r"(to_step),   \
                     [count] "r"(count), [lanes] "r"(lanes), [q] "w"(places) \
                   : "lr", "q0", NH_VPR "memory")

/* `count` > 0 columns of x_c bytes, contiguous or `from_step` apart (0: all from one place), into the strip. */
NH_KERNEL void nh_mve_columns(const nh_conv_mve_t *p, int8_t *to, const int8_t *from, int32_t from_step,
                              int32_t columns) {
    int32_t to_step = p->k_t * p->x_c, count = columns, lump = p->lump;
    uint8x16_t places = vuninitializedq_u8();
    uint32_t lanes;
    if (columns == 1) {
        nh_mve_copy(to, from, p->x_c);
        return;
    }
    if (lump) { /* several columns in a vector */
        places = vldrbq_u8(p->places);
        lanes = vctp8q((uint32_t)(lump * p->x_c));
        from_step *= lump;
        to_step *= lump;
        count = columns / lump;
        if (count) NH_MVE_SPREAD("[%[to], %q[q]]");
        lanes = vctp8q((uint32_t)((columns - lump * count) * p->x_c));
        count = 1;
        NH_MVE_SPREAD("[%[to], %q[q]]");
        return;
    }
    for (int32_t c = p->x_c; c > 0; c -= 16) {
        int8_t *next = to + 16;
        const int8_t *next_from = from + 16;
        lanes = vctp8q((uint32_t)c);
        NH_MVE_SPREAD("[%[to]]");
        to = next;
        from = next_from;
    }
}

/* Run `o` of the strip for output frame t. */
NH_INLINE void nh_mve_strip_run(const nh_conv_mve_t *p, const nh_ring_t *x, int32_t t, int32_t o, int8_t *to,
                          const int8_t *zeros) {
    int32_t band = o * p->stride_f - p->pad_f, step = p->dilation_f, count = p->run, frame = t * p->stride_t - p->pad_t;
    for (; band < 0 && count > 0; count--, band += step) to += p->k_t * p->x_c;
    while (count > 0 && band + (count - 1) * step >= p->x_f) count--;
    if (count == 0) return;
    for (int32_t i = 0; i < p->k_t; i++, frame += p->dilation_t, to += p->x_c) {
        if (frame < 0 || frame >= p->x_t) nh_mve_columns(p, to, zeros, 0, count);
        else nh_mve_columns(p, to, nh_ring_row(x, (frame * p->x_f + band) * p->x_c), step * p->x_c, count);
    }
}

NH_INLINE void nh_mve_strips(const nh_conv_mve_t *p, const nh_ring_t *x, int8_t *y, int32_t *acc) {
    int32_t bytes = p->runs * p->run * p->k_t * p->x_c;
    int8_t *zeros = (int8_t *)acc + p->sums, *strip = zeros + p->zeros;
    nh_mve_fill(zeros, p->x_zero, p->zeros + bytes);
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t o = 0; o < p->runs; o++) {
            nh_mve_strip_run(p, x, t, o, strip + o * p->run * p->k_t * p->x_c, zeros);
        }
        nh_mve_positions(p, strip, strip + bytes + 15, p->y_f, y + t * p->y_f * p->y_c, acc);
    }
    nh_mve_clamp_s8(y, p->y_t * p->y_f * p->y_c, p->output.low, p->output.high);
}

NH_KERNEL void nh_conv_mve_ring_s8(const nh_conv_mve_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_mve_strips(p, x, y, (int32_t *)scratch);
}

NH_KERNEL void nh_conv_mve_s8(const nh_conv_mve_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->x_c);
    nh_mve_strips(p, &plain, y, (int32_t *)scratch);
}

/* Windows that are contiguous in x. */
NH_KERNEL void nh_conv_mve_direct_s8(const nh_conv_mve_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t row_bytes = p->x_f * p->x_c, rows = p->y_t, n = p->y_f;
    const int8_t *end = x + p->x_t * row_bytes;
    if (n * p->step == p->stride_t * row_bytes) n *= rows, rows = 1;
    for (int32_t t = 0; t < rows; t++, x += p->stride_t * row_bytes) {
        nh_mve_positions(p, x, end, n, y + t * n * p->y_c, (int32_t *)scratch);
    }
    nh_mve_clamp_s8(y, rows * n * p->y_c, p->output.low, p->output.high);
}
