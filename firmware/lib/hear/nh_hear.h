/* Samples to steps: the front end, and as many of its frames as the network takes at once. */
#ifndef NH_HEAR_H
#define NH_HEAR_H
#include <stdint.h>

#include "nh_cost.h"
#include "nh_frontend.h"

/* One stream. The memory belongs to the caller; the front end's `work` holds nothing between two pushes. */
typedef struct {
    nh_frontend_t frontend;
    int16_t *log_mel;     /* [bands] */
    int8_t *features;     /* [step_frames][bands] */
    uint16_t step_frames;
    uint16_t waiting;     /* frames of features that are filled */
    uint64_t frames;      /* since the reset */
    uint64_t ticks;       /* of the front end in this step so far */
    nh_cost_t cost;       /* of the front end, for each step */
    /* Called with the features of a whole step, and the number of samples from the reset to the end of the last
       one in it: the position on the audio clock of what the network now says. */
    void (*step)(const int8_t *features, uint64_t position);
} nh_hear_t;

void nh_hear_init(nh_hear_t *h, const nh_frontend_config_t *config, int32_t *work, int16_t *history, int16_t *log_mel,
                  int8_t *features, uint16_t step_frames, void (*step)(const int8_t *, uint64_t));

/* A new stream at position 0; the costs stay. */
void nh_hear_reset(nh_hear_t *h);

void nh_hear_push(nh_hear_t *h, const int16_t *samples, uint32_t count);

#endif
