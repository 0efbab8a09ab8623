/* FULLY_CONNECTED, portable: four channels at a time. */
#include "../conv/row.h"
#include "op.h"

NH_KERNEL void nh_fully_connected_s8(const nh_fully_connected_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_constants_t constants = {p->channels, p->uniform, 1, 0};
    if (p->per_channel) constants.scale = p->channels + 1, constants.bias_step = constants.scale_step = 4;
    (void)scratch;
    for (int32_t i = 0; i < p->rows; i++)
        nh_row_s8(x + i * p->depth, p->depth, p->weights, &constants, y + i * p->y_c, p->y_c);
    nh_clamp_s8(y, p->rows * p->y_c, p->low, p->high);
}
