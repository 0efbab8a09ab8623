/* A box of a tensor copied into a box of another: every operator that moves values and computes none. */
#ifndef NH_BOX_H
#define NH_BOX_H
#include "nh.h"

#define NH_BOX_AXES 5

/* Runs of contiguous bytes, at positions that a nest of loops counts, innermost first. Steps may be negative. */
typedef struct {
    int32_t x_first, y_first; /* byte of the first run */
    int32_t run;              /* bytes */
    int32_t count[NH_BOX_AXES], x_step[NH_BOX_AXES], y_step[NH_BOX_AXES];
} nh_box_t;

/* Moves both pointers to where the next row (axis 0) starts; 0 after the last. `index` starts as zeros. */
NH_INLINE int nh_box_next(const nh_box_t *p, int32_t *index, const uint8_t **x, uint8_t **y) {
    for (int a = 1; a < NH_BOX_AXES; a++) {
        if (++index[a] < p->count[a]) {
            *x += p->x_step[a];
            *y += p->y_step[a];
            return 1;
        }
        *x -= (p->count[a] - 1) * p->x_step[a];
        *y -= (p->count[a] - 1) * p->y_step[a];
        index[a] = 0;
    }
    return 0;
}

NH_KERNEL void nh_copy_box(const nh_box_t *p, const void *x, void *y, void *scratch) {
    const uint8_t *from = (const uint8_t *)x + p->x_first;
    uint8_t *to = (uint8_t *)y + p->y_first;
    int32_t index[NH_BOX_AXES] = {0};
    (void)scratch;
    do {
        const uint8_t *in = from;
        uint8_t *out = to;
        int32_t left = p->count[0];
        if (p->run == 1) {
            for (; left > 0; left--, in += p->x_step[0], out += p->y_step[0]) *out = *in;
        } else {
            for (; left > 0; left--, in += p->x_step[0], out += p->y_step[0]) memcpy(out, in, (size_t)p->run);
        }
    } while (nh_box_next(p, index, &from, &to));
}

#endif
