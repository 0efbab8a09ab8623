/* DEPTHWISE_CONV_2D of 3x3, stride 1, Armv8.1-M MVE: four outputs of a channel from sixteen values.

   Four rows of x are kept as words, [columns, C]: a byte of each row. A gather of four columns' words is a patch of
   4 x 4; VMLADAV with the weights shifted by a row, a column or both makes its 2 x 2 outputs. Two rows are replaced
   for each two rows of outputs: the lower and the upper halves of the words take turns, and so do the weights'. */
#include "op_mve.h"

typedef struct {
    nh_depthwise_t layer;  /* weights: [y_c, 4, 4] column by column after one of zeros, and 4 zeros at the end */
    const int32_t *scales; /* [y_c, 3] bias, multiplier, -right shift */
    int32_t rectified;     /* NH_RECTIFIED or NH_SIGNED */
} nh_depthwise_patch_t;

/* In the order in which the assembly reads it: the first seven are its variables. */
typedef struct {
    const int32_t *scales;
    const uint32_t *words;
    int8_t *y;
    int32_t patches;  /* of a row, without the odd one */
    int32_t odd_rows; /* the first two rows are in the upper halves of the words */
    int32_t odd_columns;
    const int8_t *weights_end;
    const int8_t *weights;
    int32_t y_zero, channels;
    int32_t lanes; /* of a patch's outputs that are written, as a predicate */
    uint32_t from[4], to[4]; /* offsets of four words, and of four outputs */
} nh_mve_patches_t;

/* One patch: r1 words, r3 y, r5 and r7 bytes from patch to patch of them, r8 bias, r9 multiplier, r10 -shift,
   r11 y_zero, q1 and q2 offsets of the four words and outputs, q4 .. q7 weights. */
#define NH_MVE_PATCH(sign)             \
    "vldrw.u32 q0, [r1, q1]\n"         \
    "vmladav.s8 r0, q4, q0\n"          \
    "vmladav.s8 r2, q6, q0\n"          \
    "vmladav.s8 r4, q5, q0\n"          \
    "vmladav.s8 r6, q7, q0\n"          \
    "vmov q3[2], q3[0], r0, r4\n"      \
    "vmov q3[3], q3[1], r2, r6\n"      \
    "vadd.i32 q3, q3, r8\n"            \
    "vqrdmulh.s32 q3, q3, r9\n" sign   \
    "vrshl.s32 q3, r10\n"              \
    "vqadd.s32 q3, q3, r11\n"          \
    "vqshl.s32 q3, q3, #24\n"          \
    "vshr.s32 q3, q3, #24\n"           \
    "vpst\n"                           \
    "vstrbt.32 q3, [r3, q2]\n"

#define NH_MVE_ROUND_AWAY      \
    "vshr.s32 q0, q3, #31\n"   \
    "vadd.i32 q3, q3, q0\n"

#define NH_MVE_PATCHES(sign)                                                                        \
    __asm volatile("push {r4-r11, lr}\n"                                                            \
                   "vpush {d8-d15}\n"                                                               \
                   "add r12, r0, #28\n"                                                             \
                   "vldrw.32 q1, [r0, #44]\n"                                                       \
                   "vldrw.32 q2, [r0, #60]\n"                                                       \
                   "ldmia r12, {r6, r7, r8, r9}\n" /* weights, y_zero, channels, lanes */           \
                   "mov r12, r6\n"                                                                  \
                   "mov r11, r7\n"                                                                  \
                   "lsl r5, r8, #3\n"                                                               \
                   "lsl r7, r8, #1\n"                                                               \
                   "vmsr p0, r9\n"                                                                  \
                   "ldmia r0, {r0, r1, r2, r3, r4, r6, r8}\n"                                       \
                   "push {r0, r1, r2, r3, r4, r6, r8}\n"                                            \
                   "1: ldmia sp, {r0, r1, r3, r4, r6}\n" /* scales, words, y, patches, odd_rows */  \
                   "ldmia r0!, {r8, r9, r10}\n"                                                     \
                   "vldrb.8 q4, [r12, #4]\n"                                                        \
                   "vldrb.8 q6, [r12], #16\n"                                                       \
                   "dls lr, r4\n"                                                                   \
                   "add r2, r1, #4\n"                                                               \
                   "vshl.i32 q5, q4, #8\n"                                                          \
                   "add r4, r3, #1\n"                                                               \
                   "vshl.i32 q7, q6, #8\n"                                                          \
                   "stmia sp, {r0, r2, r4}\n"                                                       \
                   "cbz r6, 2f\n"                                                                   \
                   "vrev32.16 q4, q4\n"                                                             \
                   "vrev32.16 q5, q5\n"                                                             \
                   "vrev32.16 q6, q6\n"                                                             \
                   "vrev32.16 q7, q7\n"                                                             \
                   "2: ldr r6, [sp, #20]\n"                                                         \
                   "cmp r6, #0\n"                                                                   \
                   "beq 3f\n" NH_MVE_PATCH(sign) /* the next starts one column on */                \
                   "add r1, r1, r5, lsr #1\n"                                                       \
                   "add r3, r3, r7, lsr #1\n"                                                       \
                   "3:\n" NH_MVE_PATCH(sign)                                                        \
                   "add r1, r5\n"                                                                   \
                   "add r3, r7\n"                                                                   \
                   "le lr, 3b\n"                                                                    \
                   "ldr r4, [sp, #24]\n"                                                            \
                   "cmp r12, r4\n"                                                                  \
                   "bne 1b\n"                                                                       \
                   "add sp, #28\n"                                                                  \
                   "vpop {d8-d15}\n"                                                                \
                   "pop {r4-r11, pc}\n")

NH_ASSEMBLY void nh_mve_patches_rectified(const nh_mve_patches_t *p NH_UNUSED) { NH_MVE_PATCHES(""); }

NH_ASSEMBLY void nh_mve_patches_signed(const nh_mve_patches_t *p NH_UNUSED) { NH_MVE_PATCHES(NH_MVE_ROUND_AWAY); }

/* n bytes of two rows to one half of n words. */
NH_INLINE void nh_mve_interleave(const int8_t *first, const int8_t *second, int8_t *to, int32_t n) {
    uint32x4_t places = vidupq_n_u32(0, 4);
    __asm volatile("dlstp.32 lr, %[n]\n"
                   "1: vldrb.u32 q0, [%[first]], #4\n"
                   "vldrb.u32 q1, [%[second]], #4\n"
                   "vsli.32 q0, q1, #8\n"
                   "vstrh.32 q0, [%[to], %q[places]]\n"
                   "add %[to], #16\n"
                   "letp lr, 1b\n"
                   : [first] "+l"(first), [second] "+l"(second), [to] "+r"(to)
                   : [n] "r"(n), [places] "w"(places)
                   : "lr", "q0", "q1", "memory");
}

NH_KERNEL void nh_depthwise_patch_ring_s8(const nh_depthwise_patch_t *p, const nh_ring_t *x, int8_t *y,
                                          void *scratch) {
    const nh_depthwise_t *layer = &p->layer;
    int32_t c = layer->x_c, row_bytes = layer->x_f * c, y_row = layer->y_f * c, words_bytes = 4 * (layer->y_f + 2) * c;
    uint32_t column = 4 * (uint32_t)c, across = (uint32_t)c, down = (uint32_t)y_row;
    const int8_t *weights = (const int8_t *)layer->weights;
    int8_t *words = (int8_t *)scratch, *padding = words + words_bytes;
    nh_mve_patches_t patches = {p->scales, (const uint32_t *)scratch, y, layer->y_f >> 1, 0, layer->y_f & 1,
                                weights + 16 * c, weights, layer->y_zero, c, 0xffff,
                                {0, column, 2 * column, 3 * column}, {0, across, down, down + across}};
    nh_mve_fill(words, layer->x_zero, words_bytes + row_bytes);
    for (int32_t pair = 0, row = -layer->pad_t; 2 * pair < layer->y_t + 2; pair++, row += 2) {
        const int8_t *first = row >= 0 && row < layer->x_t ? nh_ring_row(x, row * row_bytes) : padding;
        const int8_t *second = row >= -1 && row + 1 < layer->x_t ? nh_ring_row(x, (row + 1) * row_bytes) : padding;
        nh_mve_interleave(first, second, words + 4 * layer->pad_f * c + 2 * (pair & 1), row_bytes);
        if (pair == 0) continue;
        patches.odd_rows = ~pair & 1;
        if (2 * pair > layer->y_t) patches.lanes = 0x00ff;
        if (p->rectified == NH_RECTIFIED) nh_mve_patches_rectified(&patches);
        else nh_mve_patches_signed(&patches);
        patches.y += 2 * y_row;
    }
    nh_mve_clamp_s8(y, layer->y_t * y_row, layer->low, layer->high);
}

NH_KERNEL void nh_depthwise_patch_s8(const nh_depthwise_patch_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->layer.x_t * p->layer.x_f * p->layer.x_c);
    nh_depthwise_patch_ring_s8(p, &plain, y, scratch);
}
