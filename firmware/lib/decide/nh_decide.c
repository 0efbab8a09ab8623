#include "nh_decide.h"

#include <string.h>

void nh_decide_init(nh_decide_t *d, const nh_decide_config_t *config, nh_decide_target_t *targets, uint8_t *recent,
                    uint16_t *sums) {
    d->config = config;
    d->targets = targets;
    d->recent = recent;
    d->sums = sums;
    nh_decide_reset(d);
}

void nh_decide_reset(nh_decide_t *d) {
    const nh_decide_config_t *c = d->config;
    memset(d->recent, 0, (uint32_t)c->labels * c->window_steps);
    memset(d->sums, 0, c->labels * sizeof(*d->sums));
    for (uint32_t k = 0; k < c->targets; k++) {
        d->targets[k].wait = 0;
        d->targets[k].released = 1;
    }
    d->cold = c->warmup_steps;
    d->oldest = 0;
}

static void accumulate(nh_decide_t *d, const int8_t *scores) {
    const nh_decide_config_t *c = d->config;
    uint8_t *row = d->recent + (uint32_t)d->oldest * c->labels;
    for (uint32_t i = 0; i < c->labels; i++) {
        const uint8_t score = d->cold > 0u ? 0u : (uint8_t)(scores[i] + 128);
        d->sums[i] = (uint16_t)(d->sums[i] - row[i] + score);
        row[i] = score;
    }
    d->cold -= d->cold > 0u;
    d->oldest = (uint16_t)(d->oldest + 1u == c->window_steps ? 0u : d->oldest + 1u);
}

int32_t nh_decide_update(nh_decide_t *d, const int8_t *scores) {
    const nh_decide_config_t *c = d->config;
    int32_t best = -1;
    uint16_t best_sum = 0;
    accumulate(d, scores);
    for (uint32_t k = 0; k < c->targets; k++) {
        nh_decide_target_t *t = &d->targets[k];
        const uint16_t value = d->sums[c->target_labels[k]];
        t->wait -= t->wait > 0u;
        if (value < t->release) {
            t->released = 1;
        } else if (value > best_sum && value >= t->threshold && t->released && t->wait == 0u) {
            best = (int32_t)k;
            best_sum = value;
        }
    }
    if (best >= 0) {
        d->targets[best].released = 0;
        d->targets[best].wait = c->refractory_steps;
    }
    return best;
}

static uint16_t at_least_one(uint64_t millionths) {
    const uint64_t whole = (millionths + NH_DECIDE_MILLION - 1u) / NH_DECIDE_MILLION;
    return (uint16_t)(whole < 1u ? 1u : whole);
}

uint16_t nh_decide_threshold(uint32_t millionths, uint16_t window_steps) {
    return at_least_one((uint64_t)millionths * NH_DECIDE_ONE * window_steps);
}

uint16_t nh_decide_release(uint16_t threshold, uint32_t millionths) {
    return at_least_one((uint64_t)threshold * millionths);
}
