#include "nh_scene.h"

#include <string.h>

void nh_scene_init(nh_scene_t *s, const nh_scene_config_t *config, uint8_t *recent, uint16_t *sums) {
    s->config = config;
    s->recent = recent;
    s->sums = sums;
    nh_scene_reset(s);
}

void nh_scene_reset(nh_scene_t *s) {
    const nh_scene_config_t *c = s->config;
    memset(s->recent, 0, (uint32_t)c->labels * c->smooth_windows);
    memset(s->sums, 0, c->labels * sizeof(*s->sums));
    s->heard = 0;
    s->oldest = 0;
    s->state = NH_SCENE_UNKNOWN;
}

static void accumulate(nh_scene_t *s, const int8_t *scores) {
    const nh_scene_config_t *c = s->config;
    uint8_t *row = s->recent + (uint32_t)s->oldest * c->labels;
    for (uint32_t i = 0; i < c->labels; i++) {
        const uint8_t score = scores ? (uint8_t)(scores[i] + 128) : 0u;
        s->sums[i] = (uint16_t)(s->sums[i] - row[i] + score);
        row[i] = score;
    }
    s->oldest = (uint16_t)(s->oldest + 1u == c->smooth_windows ? 0u : s->oldest + 1u);
    s->heard = (uint16_t)(s->heard + (s->heard < c->smooth_windows));
}

uint32_t nh_scene_best(const nh_scene_t *s) {
    uint32_t best = s->config->target_labels[0];
    for (uint32_t k = 1; k < s->config->targets; k++) {
        const uint32_t label = s->config->target_labels[k];
        if (s->sums[label] > s->sums[best]) best = label;
    }
    return best;
}

static int reaches(const nh_scene_t *s, uint32_t label, uint16_t threshold) {
    return (uint32_t)s->sums[label] * s->config->smooth_windows >= (uint32_t)threshold * s->heard;
}

int nh_scene_update(nh_scene_t *s, const int8_t *scores) {
    const int32_t before = s->state;
    accumulate(s, scores);
    if (before != NH_SCENE_UNKNOWN && !reaches(s, (uint32_t)before, s->config->leave)) s->state = NH_SCENE_UNKNOWN;
    if (s->state == NH_SCENE_UNKNOWN) {
        const uint32_t best = nh_scene_best(s);
        if (reaches(s, best, s->config->enter)) s->state = (int32_t)best;
    }
    return s->state != before;
}
