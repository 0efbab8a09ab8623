/* Scenes: which of the labels the last seconds sound like. A line whenever that changes. */
#include <stddef.h>

#include "bundle.h"
#include "nh_decide.h"
#include "nh_listen.h"
#include "nh_say.h"

#define FULL_SCALE (NH_DECIDE_ONE * NH_WINDOW_STEPS)
#define NONE NH_LABELS

static const char *const label_names[NH_LABELS] = NH_LABEL_NAMES;
/* Without targets nothing fires: the smoothed scores are all that is used. */
static const nh_decide_config_t smoothing = {NH_LABELS, 0, NULL, NH_WINDOW_STEPS, NH_WARMUP_STEPS, 1};
static uint8_t recent[NH_WINDOW_STEPS * NH_LABELS];
static uint16_t sums[NH_LABELS];
static nh_decide_t smooth;
static uint32_t now = NONE, candidate = NONE, steps;

static uint32_t best(void) {
    uint32_t b = 0;
    for (uint32_t i = 1; i < NH_LABELS; i++) {
        if (sums[i] > sums[b]) b = i;
    }
    return b;
}

/* A label that has been the best for a whole window is the scene: one noise in between changes nothing. */
static void hear(const int8_t *scores, uint64_t position) {
    (void)nh_decide_update(&smooth, scores);
    if (smooth.cold > 0u) return;
    const uint32_t b = best();
    steps = b == candidate ? steps + 1u : 1u;
    candidate = b;
    if (b == now || steps < NH_WINDOW_STEPS) return;
    now = b;
    if (nh_listen_events()) nh_listen_say("scene", position, sums[b], FULL_SCALE, label_names[b]);
}

static void reset(void) {
    nh_decide_reset(&smooth);
    now = NONE;
    candidate = NONE;
    steps = 0;
}

static void info(void) {
    nh_say_count("info", "full_scale", FULL_SCALE);
    nh_say_fact("info", "scene", now == NONE ? "" : label_names[now]);
}

static void start(void) { nh_decide_init(&smooth, &smoothing, NULL, recent, sums); }

int main(void) {
    static const nh_verb_t verbs[] = {{NULL, NULL, NULL, 0}};
    static const nh_listener_t scene = {{"scene", verbs, info}, start, reset, hear};
    nh_listen(&scene);
}
