/* CONV_2D for Armv7E-M: windows as int16 in scratch, three at a time, times two channels at a time. */
#include "block_dsp.h"
#include "op.h"

/* Up to three outputs, `left` of them. Where there are fewer, the last is made again: written twice, with the same
   value. x ends with the windows as int16. */
NH_INLINE void nh_conv_block(const nh_conv_t *p, const uint32_t *x, const uint32_t *x_end, int8_t *y, int32_t left) {
    nh_block_t block;
    block.y0 = y, block.y1 = y + (left > 1 ? p->y_c : 0), block.y2 = block.y1 + (left > 2 ? p->y_c : 0);
    block.channels = p->channels, block.y0_end = y + p->y_c, block.weights = p->weights, block.x = x;
    block.x_end = (uintptr_t)x_end - ((uint32_t)(p->runs * p->run) >> 2 & 1);
    nh_block_dsp(&block);
}

/* Windows evenly spaced in x, such as a 1x1's. */
NH_KERNEL void nh_conv_flat_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->k_t * p->k_f * p->x_c, words = depth >> 2, rest = depth & 3;
    int8_t *const start = y;
    for (int32_t left = count; left > 0; left -= 3, x += 3 * p->step, y += 3 * p->y_c) {
        const int8_t *x1 = x + (left > 1 ? p->step : 0), *x2 = x1 + (left > 2 ? p->step : 0);
        uint32_t *to = scratch;
        if (words) to = nh_block_pack(to, x, x1, x2, words);
        if (rest) {
            uint32_t last[3] = {nh_tail(x + depth - rest, rest), nh_tail(x1 + depth - rest, rest),
                                nh_tail(x2 + depth - rest, rest)};
            to = nh_block_pack(to, (int8_t *)&last[0], (int8_t *)&last[1], (int8_t *)&last[2], 1);
        }
        nh_conv_block(p, scratch, to, y, left);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

typedef struct {
    const int8_t *x;
    int32_t pitch; /* from one run to the next */
} nh_runs_t;

/* The window of output (t, f) where it is, if that can be read in whole words; else gathered in the buffer. */
NH_KERNEL nh_runs_t nh_conv_runs(const nh_conv_t *p, const nh_ring_t *x, int32_t t, int32_t f, int8_t *buffer) {
    int32_t frame = t * p->stride_t - p->pad_t, band = f * p->stride_f - p->pad_f, bytes = p->x_f * p->x_c;
    nh_runs_t runs = {buffer, p->run};
    int32_t inside = frame >= 0 && frame + (p->k_t - 1) * p->dilation_t < p->x_t && band >= 0 && band + p->k_f <= p->x_f;
    if (inside && p->runs == p->k_t && p->dilation_f == 1) {
        const int8_t *row = x->x + frame * bytes;
        if (row >= x->end) row -= x->bytes;
        row += band * p->x_c;
        if (x->end - row >= (p->k_t - 1) * p->dilation_t * bytes + p->run) {
            runs.x = row, runs.pitch = p->dilation_t * bytes;
            return runs;
        }
    }
    nh_window(p, x, t, f, buffer, p->runs == 1 ? p->k_f * p->x_c : p->run);
    return runs;
}

NH_KERNEL void nh_conv_ring_s8_dsp(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int32_t count = p->y_t * p->y_f, depth = p->runs * p->run, t = 0, f = 0;
    int8_t *const start = y, *const buffer = (int8_t *)scratch + 6 * depth;
    nh_runs_t w[3];
    for (int32_t left = count; left > 0; left -= 3, y += 3 * p->y_c) {
        uint32_t *to = scratch;
        for (int32_t i = 0; i < 3; i++) {
            if (i < left) {
                w[i] = nh_conv_runs(p, x, t, f, buffer + i * depth);
                if (++f == p->y_f) f = 0, t++;
            } else {
                w[i] = w[i - 1];
            }
        }
        for (int32_t i = 0; i < p->runs; i++) {
            to = nh_block_pack(to, w[0].x, w[1].x, w[2].x, p->run >> 2);
            w[0].x += w[0].pitch, w[1].x += w[1].pitch, w[2].x += w[2].pitch;
        }
        nh_conv_block(p, scratch, to, y, left);
    }
    nh_clamp_s8(start, count * p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_s8_dsp(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_s8_dsp(p, &ring, y, scratch);
}
