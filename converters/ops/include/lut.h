/* Element-wise functions of one byte, by a table of all their results. */
#ifndef NH_LUT_H
#define NH_LUT_H
#include "nh.h"

typedef struct {
    int32_t n;
    const int8_t *table; /* [256], by the unsigned value of the byte */
} nh_lut_t;

/* Pointers to int8 or uint8; y may be x. */
NH_KERNEL void nh_lut_s8(const nh_lut_t *p, const void *x, void *y, void *scratch) {
    const int8_t *table = p->table;
    const uint8_t *from = (const uint8_t *)x;
    int8_t *to = (int8_t *)y;
    int32_t n = p->n;
    (void)scratch;
    for (; n >= 4; n -= 4, from += 4, to += 4) {
        to[0] = table[from[0]];
        to[1] = table[from[1]];
        to[2] = table[from[2]];
        to[3] = table[from[3]];
    }
    for (int32_t i = 0; i < n; i++) to[i] = table[from[i]];
}

#endif
