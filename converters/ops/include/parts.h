/* One tensor and the parts it is made of along an axis, as rows of bytes. */
#ifndef NH_PARTS_H
#define NH_PARTS_H
#include "nh.h"

typedef struct {
    int32_t parts, rows;
    int32_t arguments;        /* parts that are no constants */
    const int32_t *bytes;     /* [parts], of one row */
    const int32_t *constant;  /* [parts], first byte in `constants`; -1: an argument */
    const uint8_t *constants; /* parts that are constant, all rows of one after the other */
} nh_parts_t;

/* Any number of tensors: the C has no overloading, so the arguments after the parameters become an array. */
#define nh_join(p, ...) nh_join_rows(p, (const void *const[]){__VA_ARGS__})
#define nh_part(p, ...) nh_part_rows(p, (const void *const[]){__VA_ARGS__})

/* `tensors`: the parts that are no constants, then the whole. */
NH_KERNEL void nh_join_rows(const nh_parts_t *p, const void *const *tensors) {
    uint8_t *y = (uint8_t *)tensors[p->arguments];
    for (int32_t row = 0; row < p->rows; row++) {
        const void *const *next = tensors;
        for (int32_t i = 0; i < p->parts; i++) {
            size_t bytes = (size_t)p->bytes[i];
            const uint8_t *x = p->constant[i] < 0 ? (const uint8_t *)*next++ : p->constants + p->constant[i];
            memcpy(y, x + (size_t)row * bytes, bytes);
            y += bytes;
        }
    }
}

/* `tensors`: the whole, then the parts. */
NH_KERNEL void nh_part_rows(const nh_parts_t *p, const void *const *tensors) {
    const uint8_t *x = (const uint8_t *)tensors[0];
    for (int32_t row = 0; row < p->rows; row++) {
        for (int32_t i = 0; i < p->parts; i++) {
            size_t bytes = (size_t)p->bytes[i];
            memcpy((uint8_t *)tensors[1 + i] + (size_t)row * bytes, x, bytes);
            x += bytes;
        }
    }
}

#endif
