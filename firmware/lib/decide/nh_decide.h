/* Scores to events, integer for integer what edge/decide/keyword.py computes.
 *
 * A score is q + 128 (0..255); the smoothed score is the sum of the last window_steps. A target fires when its
 * sum reaches its threshold; again after refractory_steps and after its sum was below its release. C99, no heap. */
#ifndef NH_DECIDE_H
#define NH_DECIDE_H
#include <stdint.h>

#define NH_DECIDE_ONE 256u          /* full scale of one score */
#define NH_DECIDE_LONGEST_WINDOW 255u /* steps: sums stay below 2^16 */
#define NH_DECIDE_MILLION 1000000u

typedef struct {
    uint16_t labels;              /* scores of a step */
    uint16_t targets;             /* labels that make events */
    const uint8_t *target_labels; /* [targets] */
    uint16_t window_steps;        /* 1..NH_DECIDE_LONGEST_WINDOW */
    uint32_t warmup_steps;        /* so many scores after a reset count as 0 */
    uint32_t refractory_steps;    /* at least 1 */
} nh_decide_config_t;

/* Of one target; threshold and release may be changed at any time, the rest is nh_decide's. */
typedef struct {
    uint16_t threshold, release; /* on the scale NH_DECIDE_ONE * window_steps */
    uint32_t wait;               /* steps until it may fire again */
    uint8_t released;
} nh_decide_target_t;

typedef struct {
    const nh_decide_config_t *config;
    nh_decide_target_t *targets; /* [targets] */
    uint8_t *recent;             /* [window_steps][labels] */
    uint16_t *sums;              /* [labels], the smoothed scores */
    uint32_t cold;               /* scores that still count as 0 */
    uint16_t oldest;             /* row of recent that the next scores replace */
} nh_decide_t;

/* Binds the state to its memory and resets it; the thresholds in targets are left as they are. */
void nh_decide_init(nh_decide_t *d, const nh_decide_config_t *config, nh_decide_target_t *targets, uint8_t *recent,
                    uint16_t *sums);
void nh_decide_reset(nh_decide_t *d);

/* Takes one row of int8 scores [labels] as the network gives them; returns the target that fires, or -1. */
int32_t nh_decide_update(nh_decide_t *d, const int8_t *scores);

/* A threshold in millionths (1..NH_DECIDE_MILLION) as the smallest sum that reaches it; a release likewise. */
uint16_t nh_decide_threshold(uint32_t millionths, uint16_t window_steps);
uint16_t nh_decide_release(uint16_t threshold, uint32_t millionths);

#endif
