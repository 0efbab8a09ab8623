/* Two tensors of which either may be repeated along some axes. */
#ifndef NH_BROADCAST_H
#define NH_BROADCAST_H
#include "nh.h"

typedef struct {
    int32_t n;              /* values of the innermost run, contiguous in y */
    int32_t a_step, b_step; /* 1, or 0 for an operand with one value for the whole run; never both 0 */
    int32_t outer[4];       /* loops around it, outermost first, and what each adds to the operands */
    int32_t a_outer[4], b_outer[4];
} nh_walk_t;

typedef void (*nh_broadcast_run_t)(const void *p, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w);

/* `run` for each innermost run. */
NH_INLINE void nh_broadcast(const nh_walk_t *w, nh_broadcast_run_t run, const void *p, const int8_t *a, const int8_t *b, int8_t *y) {
    int32_t at[4] = {0, 0, 0, 0};
    int32_t axis;
    do {
        run(p, a, b, y, w);
        y += w->n;
        for (axis = 3; axis >= 0; axis--) {
            a += w->a_outer[axis];
            b += w->b_outer[axis];
            if (++at[axis] < w->outer[axis]) break;
            a -= w->a_outer[axis] * w->outer[axis];
            b -= w->b_outer[axis] * w->outer[axis];
            at[axis] = 0;
        }
    } while (axis >= 0);
}

/* The kernel for two tensors, and the one whose second operand is p->constant. */
#define NH_BROADCAST(name, type, run)                                                                         \
    NH_KERNEL void nh_##name##_s8(const type *p, const int8_t *a, const int8_t *b, int8_t *y, void *scratch) { \
        (void)scratch;                                                                                        \
        nh_broadcast(&p->walk, run, p, a, b, y);                                                              \
    }                                                                                                         \
    NH_KERNEL void nh_##name##_constant_s8(const type *p, const int8_t *a, int8_t *y, void *scratch) {         \
        (void)scratch;                                                                                        \
        nh_broadcast(&p->walk, run, p, a, p->constant, y);                                                    \
    }

#endif
