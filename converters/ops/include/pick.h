/* Runs of bytes picked by tables along each axis: nearest neighbours, mirrored borders. */
#ifndef NH_PICK_H
#define NH_PICK_H
#include "nh.h"

typedef struct {
    int32_t run; /* bytes */
    int32_t count[4];
    const int32_t *offset; /* bytes from the start of x: count[0] of axis 0, count[1] of axis 1, ... */
} nh_pick_t;

NH_KERNEL void nh_pick(const nh_pick_t *p, const void *x, void *y, void *scratch) {
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    const int32_t *a = p->offset, *b = a + p->count[0], *c = b + p->count[1], *d = c + p->count[2];
    (void)scratch;
    for (int32_t i = 0; i < p->count[0]; i++) {
        for (int32_t j = 0; j < p->count[1]; j++) {
            for (int32_t k = 0; k < p->count[2]; k++) {
                const uint8_t *row = from + a[i] + b[j] + c[k];
                for (int32_t l = 0; l < p->count[3]; l++, to += p->run) memcpy(to, row + d[l], (size_t)p->run);
            }
        }
    }
}

#endif
