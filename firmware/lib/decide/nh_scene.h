/* Scores of windows to one state, integer for integer what edge/decide/scene.py computes.
 *
 * A score is q + 128 (0..255); the smoothed score is the sum of the last smooth_windows, or of as many as there were.
 * A label becomes the state when it is the best and reaches enter; the state is left below leave. C99, no heap. */
#ifndef NH_SCENE_H
#define NH_SCENE_H
#include <stdint.h>

#include "nh_decide.h"

#define NH_SCENE_UNKNOWN (-1)

typedef struct {
    uint16_t labels;              /* scores of a window */
    uint16_t targets;             /* labels that become states: at least one */
    const uint8_t *target_labels; /* [targets] */
    uint16_t smooth_windows;      /* 1..NH_DECIDE_LONGEST_WINDOW */
    uint16_t enter, leave;        /* on the scale NH_DECIDE_ONE * smooth_windows */
} nh_scene_config_t;

typedef struct {
    const nh_scene_config_t *config;
    uint8_t *recent; /* [smooth_windows][labels] */
    uint16_t *sums;  /* [labels], full scale NH_DECIDE_ONE * heard */
    uint16_t heard;  /* windows in sums */
    uint16_t oldest; /* row of recent that the next scores replace */
    int32_t state;   /* a label, or NH_SCENE_UNKNOWN */
} nh_scene_t;

void nh_scene_init(nh_scene_t *s, const nh_scene_config_t *config, uint8_t *recent, uint16_t *sums);
void nh_scene_reset(nh_scene_t *s);

/* Takes the int8 scores of one window as the network gives them, or NULL for a window of silence; 1 when the state is
   another. */
int nh_scene_update(nh_scene_t *s, const int8_t *scores);

/* The target with the highest smoothed score; of equal ones the first. */
uint32_t nh_scene_best(const nh_scene_t *s);

#endif
