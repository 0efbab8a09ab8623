/* CONV_2D with one output position and few channels, portable. */
#include "few.h"
#include "op.h"

NH_KERNEL void nh_conv_flat_few_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nh_few(x, p->k_t * p->k_f * p->x_c, p->weights, p->channels, y, p->y_c);
    nh_clamp_s8(y, p->y_c, p->low, p->high);
}

NH_KERNEL void nh_conv_ring_few_s8(const nh_conv_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    nh_window(p, x, 0, 0, scratch, p->k_f * p->x_c);
    nh_conv_flat_few_s8(p, scratch, y, NULL);
}

NH_KERNEL void nh_conv_few_s8(const nh_conv_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t ring = nh_whole(p, x);
    nh_conv_ring_few_s8(p, &ring, y, scratch);
}
