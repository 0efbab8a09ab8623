/* QUANTIZE of float: the border of a graph, the one place with float arithmetic. */
#include "../include/nh.h"

typedef struct {
    int32_t n, y_zero;
    const float *scale; /* [1] */
} nh_quantize_float_t;

/* x / scale, halves away from zero, between -2**17 and 2**17. */
NH_INLINE int32_t nh_quantized(float x, float scale) {
    float v = x / scale;
    if (!(v > -131072.0f)) return -131072;
    if (v > 131072.0f) return 131072;
    int32_t whole = (int32_t)v;
    float rest = v - (float)whole; /* exact */
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

#define NH_QUANTIZE_FLOAT(to, y_t, low, high)                                                                  \
    NH_KERNEL void nh_quantize_f32_##to(const nh_quantize_float_t *p, const float *x, y_t *y, void *scratch) { \
        (void)scratch;                                                                                         \
        for (int32_t i = 0; i < p->n; i++) {                                                                   \
            y[i] = (y_t)nh_clamp(nh_quantized(x[i], *p->scale) + p->y_zero, low, high);                        \
        }                                                                                                      \
    }

NH_QUANTIZE_FLOAT(s8, int8_t, INT8_MIN, INT8_MAX)
NH_QUANTIZE_FLOAT(s16, int16_t, INT16_MIN, INT16_MAX)
