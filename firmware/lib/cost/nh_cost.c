#include "nh_cost.h"

void nh_cost_reset(nh_cost_t *cost) { *cost = (nh_cost_t){0, 0, UINT32_MAX, 0, 0}; }

void nh_cost_add(nh_cost_t *cost, uint64_t ticks) {
    const uint32_t t = ticks < UINT32_MAX ? (uint32_t)ticks : UINT32_MAX;
    cost->sum += t;
    cost->count++;
    cost->last = t;
    if (t < cost->least) cost->least = t;
    if (t > cost->most) cost->most = t;
}
