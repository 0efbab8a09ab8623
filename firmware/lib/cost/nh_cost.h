/* What a stage takes, in ticks of the HAL's counter. */
#ifndef NH_COST_H
#define NH_COST_H
#include <stdint.h>

typedef struct {
    uint64_t sum;
    uint32_t count, least, most, last;
} nh_cost_t;

void nh_cost_reset(nh_cost_t *cost);
void nh_cost_add(nh_cost_t *cost, uint64_t ticks);

#endif
