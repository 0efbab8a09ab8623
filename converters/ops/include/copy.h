/* Bytes that must be elsewhere. */
#ifndef NH_COPY_H
#define NH_COPY_H
#include "nh.h"

typedef struct {
    int32_t bytes;
} nh_copy_t;

NH_KERNEL void nh_copy(const nh_copy_t *p, const void *x, void *y, void *scratch) {
    (void)scratch;
    memcpy(y, x, (size_t)p->bytes);
}

NH_KERNEL void nh_copy_ring(const nh_copy_t *p, const nh_ring_t *ring, void *y, void *scratch) {
    int32_t first = nh_min(p->bytes, (int32_t)(ring->end - ring->x));
    (void)scratch;
    memcpy(y, ring->x, (size_t)first);
    memcpy((uint8_t *)y + first, ring->end - ring->bytes, (size_t)(p->bytes - first));
}

typedef struct {
    const int8_t *values;
    int32_t bytes;
} nh_copy_constant_t;

NH_KERNEL void nh_copy_constant(const nh_copy_constant_t *p, void *y, void *scratch) {
    (void)scratch;
    memcpy(y, p->values, (size_t)p->bytes);
}

#endif
