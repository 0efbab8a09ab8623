/* Keywords: the microphone, or recordings through the link, to events. */
#include <stddef.h>

#include "bundle.h"
#include "hal.h"
#include "nh_decide.h"
#include "nh_listen.h"
#include "nh_say.h"
#include "nh_settings.h"
#include "nh_words.h"

#ifndef NH_THRESHOLDS
#error "this bundle names scenes; build apps/scene"
#endif

#define FULL_SCALE (NH_DECIDE_ONE * NH_WINDOW_STEPS)

static const char *const label_names[NH_LABELS] = NH_LABEL_NAMES;
static const uint8_t target_labels[NH_TARGETS] = NH_TARGET_LABELS;
static const uint16_t thresholds[NH_TARGETS] = NH_THRESHOLDS;
static const uint16_t releases[NH_TARGETS] = NH_RELEASES;
static const nh_decide_config_t decision = {NH_LABELS,       NH_TARGETS,      target_labels,
                                            NH_WINDOW_STEPS, NH_WARMUP_STEPS, NH_REFRACTORY_STEPS};
static nh_decide_target_t targets[NH_TARGETS];
static uint8_t recent[NH_WINDOW_STEPS * NH_LABELS];
static uint16_t sums[NH_LABELS];
static nh_decide_t decide;
static int32_t heard = -1; /* the target that has lit the LED */

static void hear(const int8_t *scores, uint64_t position) {
    const int32_t fired = nh_decide_update(&decide, scores);
    if (fired >= 0) {
        const uint8_t label = target_labels[fired];
        hal_led(1);
        heard = fired;
        if (nh_listen_events()) nh_listen_say("event", position, sums[label], FULL_SCALE, label_names[label]);
    } else if (heard >= 0 && targets[heard].wait == 0u) {
        hal_led(0);
        heard = -1;
    }
}

static int32_t target_named(const char *label) {
    for (int32_t k = 0; k < NH_TARGETS; k++) {
        if (nh_word_is(label, label_names[target_labels[k]])) return k;
    }
    return -1;
}

static void set(char *rest) {
    uint32_t millionths;
    const char *what = nh_word(&rest), *label = nh_word(&rest), *value = nh_word(&rest);
    const int32_t k = target_named(label);
    if (!nh_word_is(what, "threshold")) {
        nh_say_error("set takes threshold LABEL VALUE");
    } else if (k < 0) {
        nh_say_error("set threshold: no such label");
    } else if (!nh_word_millionths(value, &millionths) || millionths == 0u) {
        nh_say_error("set threshold: the value is above 0 and at most 1, with six decimals at most");
    } else {
        targets[k].threshold = nh_decide_threshold(millionths, NH_WINDOW_STEPS);
        targets[k].release = nh_decide_release(targets[k].threshold, NH_RELEASE_MILLIONTHS);
    }
}

/* The bundle's thresholds, or those that were saved for this very model. */
static void load_thresholds(int saved) {
    uint16_t own[NH_TARGETS];
    const int found = saved && nh_settings_load(NH_CONSTANTS_CRC, own, sizeof own);
    for (uint32_t k = 0; k < NH_TARGETS; k++) {
        targets[k].threshold = found ? own[k] : thresholds[k];
        targets[k].release = found ? nh_decide_release(own[k], NH_RELEASE_MILLIONTHS) : releases[k];
    }
}

static void save(char *rest) {
    uint16_t own[NH_TARGETS];
    if (nh_word_is(nh_word(&rest), "defaults")) load_thresholds(0);
    for (uint32_t k = 0; k < NH_TARGETS; k++) own[k] = targets[k].threshold;
    if (!nh_settings_save(NH_CONSTANTS_CRC, own, sizeof own)) nh_say_error("save: the settings page was not written");
}

static const nh_verb_t verbs[] = {
    {"set", "set threshold LABEL VALUE", set, 0},
    {"save", "save [defaults]: keep the thresholds", save, 0},
    {NULL, NULL, NULL, 0},
};

static void info(void) {
    nh_say_count("info", "full_scale", FULL_SCALE);
    for (uint32_t k = 0; k < NH_TARGETS; k++) {
        nh_say("m-info-[threshold.");
        nh_say(label_names[target_labels[k]]);
        nh_say("=");
        nh_say_number(targets[k].threshold);
        nh_say_line("]");
    }
}

static void start(void) {
    nh_decide_init(&decide, &decision, targets, recent, sums);
    load_thresholds(1);
}

static void reset(void) { nh_decide_reset(&decide); }

int main(void) {
    static const nh_listener_t keyword = {{"keyword", verbs, info}, start, reset, hear};
    nh_listen(&keyword);
}
