/* Scenes: which of the labels the last seconds sound like, or none of them. A line whenever that changes. */
#include <stddef.h>

#include "bundle.h"
#include "nh_listen.h"
#include "nh_say.h"
#include "nh_scene.h"

static const char *const label_names[NH_LABELS] = NH_LABEL_NAMES;
static const uint8_t target_labels[NH_SCENE_TARGETS] = NH_SCENE_TARGET_LABELS;
static const nh_scene_config_t config = {NH_LABELS,        NH_SCENE_TARGETS, target_labels,
                                         NH_SCENE_WINDOWS, NH_SCENE_ENTER,   NH_SCENE_LEAVE};
static uint8_t recent[NH_SCENE_WINDOWS * NH_LABELS];
static uint16_t sums[NH_LABELS];
static nh_scene_t scene;
static uint32_t cold; /* scores that a streaming network still gives of too few frames */

static const char *name(void) { return scene.state == NH_SCENE_UNKNOWN ? "unknown" : label_names[scene.state]; }

static void hear(const int8_t *scores, uint64_t position) {
    if (cold > 0u) {
        cold--;
        return;
    }
    if (!nh_scene_update(&scene, scores) || !nh_listen_events()) return;
    const uint32_t label = scene.state == NH_SCENE_UNKNOWN ? nh_scene_best(&scene) : (uint32_t)scene.state;
    nh_listen_say("scene", position, sums[label], NH_DECIDE_ONE * (uint32_t)scene.heard, name());
}

static void reset(void) {
    nh_scene_reset(&scene);
    cold = NH_WARMUP_STEPS;
}

static void info(void) { nh_say_fact("info", "scene", name()); }

static void start(void) { nh_scene_init(&scene, &config, recent, sums); }

int main(void) {
    static const nh_verb_t verbs[] = {{NULL, NULL, NULL, 0}};
    static const nh_listener_t listener = {{"scene", verbs, info}, start, reset, hear};
    nh_listen(&listener);
}
