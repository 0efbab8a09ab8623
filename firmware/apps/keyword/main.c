/* Keywords: the microphone, or recordings through the link, to events. */
#include <stddef.h>
#include <string.h>

#include "bundle.h"
#include "hal.h"
#include "nh_audio.h"
#include "nh_decide.h"
#include "nh_device.h"
#include "nh_hear.h"
#include "nh_say.h"
#include "nh_settings.h"
#include "nh_words.h"

#define WATCHDOG_MS 4000u

/* The arena holds nothing between two steps, the front end's scratch nothing between two frames. */
static union {
    uint8_t arena[MODEL_ARENA_BYTES];
    int32_t work[NH_FRONTEND_WORK_SIZE];
} shared __attribute__((aligned(16)));

static int16_t history[NH_FRONTEND_HISTORY_SIZE], log_mel[NH_FRONTEND_BANDS];
static int8_t features[NH_STEP_FRAMES * NH_FRONTEND_BANDS];
static nh_hear_t hear;

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

static nh_cost_t model_cost, decide_cost;
static nh_audio_t audio;
static uint8_t microphone, from_link, events_on, steps_on;

static void new_stream(void) {
    nh_hear_reset(&hear);
    nh_decide_reset(&decide);
    model_reset();
}

/* m-event-[position,sum,full scale,label] */
static void say_event(int32_t target, uint64_t position) {
    const uint8_t label = target_labels[target];
    nh_say("m-event-[");
    nh_say_number(position);
    nh_say(",");
    nh_say_number(sums[label]);
    nh_say(",");
    nh_say_number(NH_DECIDE_ONE * NH_WINDOW_STEPS);
    nh_say(",");
    nh_say(label_names[label]);
    nh_say_line("]");
}

/* m-step-[position,front end,model,decision] */
static void say_step(uint64_t position) {
    const uint32_t ticks[3] = {hear.cost.last, model_cost.last, decide_cost.last};
    nh_say("m-step-[");
    nh_say_number(position);
    for (uint32_t i = 0; i < 3u; i++) {
        nh_say(",");
        nh_say_number(nh_device_units(ticks[i]));
    }
    nh_say_line("]");
}

static void step(const int8_t *frames, uint64_t position) {
    const uint64_t start = hal_ticks();
    memcpy(model_input_0(), frames, sizeof features);
    model_invoke();
    const uint64_t middle = hal_ticks();
    const int32_t fired = nh_decide_update(&decide, model_output_0());
    nh_cost_add(&decide_cost, hal_ticks() - middle);
    nh_cost_add(&model_cost, middle - start);
    if (fired >= 0) {
        hal_led(1);
        if (events_on) say_event(fired, position);
    } else if (targets[0].wait == 0u) {
        hal_led(0);
    }
    if (steps_on) say_step(position);
}

static int switched(char *rest, uint8_t *what) {
    const char *word = nh_word(&rest);
    const int on = nh_word_is(word, "on");
    if (!on && !nh_word_is(word, "off")) return 0;
    *what = (uint8_t)on;
    return 1;
}

static void set_events(char *rest) {
    if (!switched(rest, &events_on)) nh_say_error("events takes on or off");
}

static void set_steps(char *rest) {
    if (!switched(rest, &steps_on)) nh_say_error("steps takes on or off");
}

/* audio N: a recording of N samples begins a new stream; audio 0 goes back to the microphone. */
static void begin_audio(char *rest) {
    uint32_t samples;
    if (!nh_word_number(nh_word(&rest), &samples)) {
        nh_say_error("audio takes a number of samples");
        return;
    }
    from_link = samples > 0u;
    nh_audio_begin(&audio, samples);
    new_stream();
    nh_say("m-audio-[");
    nh_say_number(samples);
    nh_say(",");
    nh_say_number(NH_AUDIO_BLOCK);
    nh_say(",");
    nh_say_number(hal_credit());
    nh_say_line("]");
}

static void take_audio(char *rest) {
    const int16_t *samples;
    const uint32_t count = nh_audio_take(&audio, rest, &samples);
    if (count == 0u) return;
    nh_hear_push(&hear, samples, count);
    nh_audio_done(&audio, count);
}

static void costs(char *rest) {
    if (nh_word_is(nh_word(&rest), "reset")) {
        nh_cost_reset(&hear.cost);
        nh_cost_reset(&model_cost);
        nh_cost_reset(&decide_cost);
        return;
    }
    nh_say_fact("cost", "unit", nh_device_unit());
    nh_say_count("cost", "step_us", (uint64_t)NH_STEP_FRAMES * NH_FRONTEND_HOP_SAMPLES * 1000000u / NH_FRONTEND_SAMPLE_RATE_HZ);
    nh_device_say_cost("frontend", &hear.cost);
    nh_device_say_cost("model", &model_cost);
    nh_device_say_cost("decide", &decide_cost);
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
    {"audio", "audio N      : N samples follow in blocks; 0: back to the microphone", begin_audio, 0},
    {"a", NULL, take_audio, 1},
    {"events", "events on|off: a line for each keyword", set_events, 0},
    {"steps", "steps on|off : a line for each step, with its costs", set_steps, 0},
    {"cost", "cost [reset] : what front end, model and decision take", costs, 0},
    {"set", "set threshold LABEL VALUE", set, 0},
    {"save", "save [defaults]: keep the thresholds", save, 0},
    {NULL, NULL, NULL, 0},
};

static void info(void) {
    static const char kind[] = "info";
    nh_say_count(kind, "rate_hz", NH_FRONTEND_SAMPLE_RATE_HZ);
    nh_say_count(kind, "step_samples", NH_STEP_FRAMES * NH_FRONTEND_HOP_SAMPLES);
    nh_say_count(kind, "tail_samples", NH_TAIL_SAMPLES);
    nh_say_count(kind, "block_samples", NH_AUDIO_BLOCK);
    nh_say_count(kind, "microphone", microphone);
    nh_say_count(kind, "full_scale", NH_DECIDE_ONE * NH_WINDOW_STEPS);
    for (uint32_t k = 0; k < NH_TARGETS; k++) {
        nh_say("m-info-[threshold.");
        nh_say(label_names[target_labels[k]]);
        nh_say("=");
        nh_say_number(targets[k].threshold);
        nh_say_line("]");
    }
}

static void stats(void) {
    nh_say_count("stats", "steps", model_cost.count);
    nh_say_count("stats", "blocks_damaged", audio.damaged);
}

static const nh_app_t app = {"keyword", verbs, info, stats, new_stream};

static void start(void) {
    nh_hear_init(&hear, &nh_frontend_config, shared.work, history, log_mel, features, NH_STEP_FRAMES, step);
    nh_decide_init(&decide, &decision, targets, recent, sums);
    load_thresholds(1);
    nh_cost_reset(&model_cost);
    nh_cost_reset(&decide_cost);
    events_on = 1;
    nh_device_start(&app, shared.arena);
    microphone = (uint8_t)hal_mic_start(NH_FRONTEND_SAMPLE_RATE_HZ);
    hal_watchdog_start(WATCHDOG_MS);
}

int main(void) {
    start();
    for (;;) {
        uint32_t count = 0;
        const int16_t *samples = microphone ? hal_mic_take(&count) : NULL;
        if (samples) {
            if (!from_link) nh_hear_push(&hear, samples, count);
            hal_mic_give();
        }
        /* Without progress of the audio the watchdog bites. */
        if (samples || !microphone) hal_watchdog_feed();
        nh_device_turn(samples != NULL);
    }
}
