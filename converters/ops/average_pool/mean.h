/* A sum's mean, halves away from zero. */
#ifndef NH_MEAN_H
#define NH_MEAN_H
#include "../include/pool.h"

#define NH_RECIPROCAL_COUNT 361 /* 128.5 * count**2 < 2**24: up to here the multiplication is the division */

NH_INLINE uint32_t nh_reciprocal(const nh_pool_t *p, int32_t count) {
    if (count == p->k_t * p->k_f) return p->reciprocal;
    return count > NH_RECIPROCAL_COUNT ? 0 : ((1u << 24) + (uint32_t)count - 1) / (uint32_t)count;
}

NH_INLINE int32_t nh_mean(int32_t sum, int32_t count, uint32_t reciprocal) {
    uint32_t size = (uint32_t)(sum < 0 ? -sum : sum) + (uint32_t)count / 2;
    size = reciprocal ? (size * reciprocal) >> 24 : size / (uint32_t)count;
    return sum < 0 ? -(int32_t)size : (int32_t)size;
}

#endif
