/* QUANTIZE between integers of more than 8 bits; see include/lut.h for 8 to 8. */
#include "../include/nh.h"

typedef struct {
    int32_t n, x_zero, y_zero, multiplier, shift;
} nh_quantize_t;

#define NH_QUANTIZE(from, x_t, to, y_t, low, high)                                                       \
    NH_KERNEL void nh_quantize_##from##_##to(const nh_quantize_t *p, const x_t *x, y_t *y, void *scratch) { \
        (void)scratch;                                                                                   \
        for (int32_t i = 0; i < p->n; i++) {                                                             \
            int32_t v = nh_multiply(x[i] - p->x_zero, p->multiplier, p->shift) + p->y_zero;              \
            y[i] = (y_t)nh_clamp(v, low, high);                                                          \
        }                                                                                                \
    }

NH_QUANTIZE(s8, int8_t, s16, int16_t, INT16_MIN, INT16_MAX)
NH_QUANTIZE(s8, int8_t, s32, int32_t, INT32_MIN, INT32_MAX)
NH_QUANTIZE(s16, int16_t, s8, int8_t, INT8_MIN, INT8_MAX)
NH_QUANTIZE(s16, int16_t, s16, int16_t, INT16_MIN, INT16_MAX)
NH_QUANTIZE(s16, int16_t, s32, int32_t, INT32_MIN, INT32_MAX)
NH_QUANTIZE(s32, int32_t, s8, int8_t, INT8_MIN, INT8_MAX)
NH_QUANTIZE(s32, int32_t, s16, int16_t, INT16_MIN, INT16_MAX)
