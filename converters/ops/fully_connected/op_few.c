/* FULLY_CONNECTED with few outputs, portable. */
#include "../conv/few.h"
#include "op.h"

NH_KERNEL void nh_fully_connected_few_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    const nh_channel_t *channels = (const nh_channel_t *)(const void *)p->channels;
    (void)scratch;
    for (int32_t i = 0; i < p->rows; i++)
        nh_few(x + i * p->depth, p->depth, p->weights, channels, y + i * p->y_c, p->y_c);
    nh_clamp_s8(y, p->rows * p->y_c, p->low, p->high);
}
