/* DEQUANTIZE: the border of a graph, one of the two places with float arithmetic. */
#include "../include/nh.h"

typedef struct {
    int32_t n, x_zero;
    const float *scale; /* [1] */
} nh_dequantize_t;

/* A difference of 17 bits is exact in a float, so that the product is rounded once, as TFLM's in double is. */
#define NH_DEQUANTIZE(from, x_t)                                                                            \
    NH_KERNEL void nh_dequantize_##from(const nh_dequantize_t *p, const x_t *x, float *y, void *scratch) { \
        (void)scratch;                                                                                      \
        for (int32_t i = 0; i < p->n; i++) y[i] = *p->scale * (float)(x[i] - p->x_zero);                    \
    }

NH_DEQUANTIZE(s8, int8_t)
NH_DEQUANTIZE(u8, uint8_t)
NH_DEQUANTIZE(s16, int16_t)
