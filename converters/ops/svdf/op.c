/* SVDF, portable. The state is [batch, filters, memory], oldest first; the next one may be in its place. */
#include "../include/nh.h"

typedef struct {
    int32_t batch, features, memory, units, rank; /* filters = units * rank */
    int32_t x_zero, state_zero, y_zero;
    int32_t x_multiplier, x_shift, y_multiplier, y_shift;
    const int8_t *weights; /* [filters, features] */
    const int8_t *time_s8; /* [filters, memory], of the state's type; NULL when it is the other */
    const int16_t *time_s16;
    const int32_t *bias;   /* [units] */
} nh_svdf_t;

NH_INLINE int32_t nh_svdf_feature(const nh_svdf_t *p, const int8_t *x, const int8_t *w, int32_t limit) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->features; i++) sum += (x[i] - p->x_zero) * w[i];
    /* Wraps when it is stored, where TFLM's does. */
    return nh_clamp(nh_multiply(sum, p->x_multiplier, p->x_shift), -limit - 1, limit) + p->state_zero;
}

NH_INLINE int32_t nh_svdf_at(const void *values, int32_t i, size_t width) {
    return width == 1 ? ((const int8_t *)values)[i] : ((const int16_t *)values)[i];
}

/* One filter: its row moves on by one value, `newest`, and is weighted. */
NH_INLINE uint32_t nh_svdf_row(const nh_svdf_t *p, const void *old, void *now, const void *time, int32_t newest,
                               size_t width) {
    uint32_t sum = 0; /* int16 products may wrap, as TFLM's do */
    int32_t last = p->memory - 1;
    memmove(now, (const uint8_t *)old + width, (size_t)last * width);
    if (width == 1) {
        ((int8_t *)now)[last] = (int8_t)newest;
    } else {
        ((int16_t *)now)[last] = (int16_t)newest;
    }
    for (int32_t m = 0; m <= last; m++) {
        sum += (uint32_t)(nh_svdf_at(now, m, width) - p->state_zero) * (uint32_t)nh_svdf_at(time, m, width);
    }
    return sum;
}

/* `width`: bytes of a state's value; a constant wherever this is inlined. */
NH_INLINE void nh_svdf(const nh_svdf_t *p, const int8_t *x, const uint8_t *old, int8_t *y, uint8_t *now,
                       const uint8_t *weights_time, size_t width) {
    size_t row = (size_t)p->memory * width;
    for (int32_t n = 0; n < p->batch; n++, x += p->features) {
        const int8_t *w = p->weights;
        const uint8_t *time = weights_time;
        for (int32_t u = 0; u < p->units; u++) {
            uint32_t sum = (uint32_t)p->bias[u];
            for (int32_t r = 0; r < p->rank; r++, w += p->features, time += row, old += row, now += row) {
                sum += nh_svdf_row(p, old, now, time, nh_svdf_feature(p, x, w, width == 1 ? 127 : 32767), width);
            }
            *y++ = (int8_t)nh_clamp(nh_multiply((int32_t)sum, p->y_multiplier, p->y_shift) + p->y_zero, -128, 127);
        }
    }
}

NH_KERNEL void nh_svdf_s8(const nh_svdf_t *p, const int8_t *x, const int8_t *state, int8_t *y, int8_t *next,
                          void *scratch) {
    (void)scratch;
    nh_svdf(p, x, (const uint8_t *)state, y, (uint8_t *)next, (const uint8_t *)p->time_s8, 1);
}

NH_KERNEL void nh_svdf_s16(const nh_svdf_t *p, const int8_t *x, const int16_t *state, int8_t *y, int16_t *next,
                           void *scratch) {
    (void)scratch;
    nh_svdf(p, x, (const uint8_t *)state, y, (uint8_t *)next, (const uint8_t *)p->time_s16, 2);
}
