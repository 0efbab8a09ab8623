#include "nh_hear.h"

#include "hal.h"

void nh_hear_init(nh_hear_t *h, const nh_frontend_config_t *config, int32_t *work, int16_t *history, int16_t *log_mel,
                  int8_t *features, uint16_t step_frames, void (*step)(const int8_t *, uint64_t)) {
    nh_frontend_init(&h->frontend, config, work, history);
    h->log_mel = log_mel;
    h->features = features;
    h->step_frames = step_frames;
    h->step = step;
    nh_cost_reset(&h->cost);
    nh_hear_reset(h);
}

void nh_hear_reset(nh_hear_t *h) {
    nh_frontend_reset(&h->frontend);
    h->waiting = 0;
    h->frames = 0;
    h->ticks = 0;
}

static uint32_t frame(nh_hear_t *h, const int16_t *samples, uint32_t count) {
    const nh_frontend_config_t *c = h->frontend.config;
    const uint64_t start = hal_ticks();
    const uint32_t made = nh_frontend_push(&h->frontend, samples, count, h->log_mel);
    if (made > 0u) nh_frontend_quantize(c, h->log_mel, c->bands, h->features + (uint32_t)h->waiting * c->bands);
    h->ticks += hal_ticks() - start;
    return made;
}

static void step(nh_hear_t *h) {
    const nh_frontend_config_t *c = h->frontend.config;
    h->waiting = 0;
    nh_cost_add(&h->cost, h->ticks);
    h->ticks = 0;
    h->step(h->features, (h->frames - 1u) * c->hop_samples + c->window_samples);
}

void nh_hear_push(nh_hear_t *h, const int16_t *samples, uint32_t count) {
    const uint32_t hop = h->frontend.config->hop_samples;
    while (count > 0u) {
        const uint32_t part = count < hop ? count : hop; /* at most one frame */
        if (frame(h, samples, part) > 0u) {
            h->frames++;
            h->waiting++;
            if (h->waiting == h->step_frames) step(h);
        }
        samples += part;
        count -= part;
    }
}
