#include "bundle.h"
#ifdef NH_STREAM /* a build system may compile all libraries, whatever the model */
#include "nh_listen.h"

#include <stddef.h>
#include <string.h>

#include "hal.h"
#include "nh_audio.h"
#include "nh_hear.h"
#include "nh_say.h"
#include "nh_words.h"

#define WATCHDOG_MS 4000u
#define US_PER_S 1000000u

/* The arena holds nothing between two steps, the front end's scratch nothing between two frames. */
static union {
    uint8_t arena[MODEL_ARENA_BYTES];
    int32_t work[NH_FRONTEND_WORK_SIZE];
} shared __attribute__((aligned(16)));

static int16_t history[NH_FRONTEND_HISTORY_SIZE], log_mel[NH_FRONTEND_BANDS];
static int8_t features[NH_STEP_FRAMES * NH_FRONTEND_BANDS];

static const nh_listener_t *listener;
static nh_hear_t hear;
static nh_cost_t model_cost, decide_cost;
static nh_audio_t audio;
static uint8_t microphone, from_link, events_on, steps_on, features_on;

int nh_listen_events(void) { return events_on; }

void nh_listen_say(const char *what, uint64_t position, uint32_t sum, uint32_t full_scale, const char *label) {
    nh_say("m-");
    nh_say(what);
    nh_say("-[");
    nh_say_number(position);
    nh_say(",");
    nh_say_number(sum);
    nh_say(",");
    nh_say_number(full_scale);
    nh_say(",");
    nh_say(label);
    nh_say_line("]");
}

#ifdef NH_WINDOW_FRAMES
/* A network of whole windows: the newest frames push the oldest out. */
static int8_t window[NH_WINDOW_FRAMES * NH_FRONTEND_BANDS];
static uint32_t held; /* bytes of the window that were heard */

static void forget(void) { held = 0; }

/* 0 until the window is full. */
static int take(const int8_t *frames) {
    memmove(window, window + sizeof features, sizeof window - sizeof features);
    memcpy(window + sizeof window - sizeof features, frames, sizeof features);
    held = held + sizeof features < sizeof window ? held + (uint32_t)sizeof features : (uint32_t)sizeof window;
    return held == sizeof window;
}

static int is_silent(void) {
    for (uint32_t i = 0; i < sizeof window; i++) {
        if (window[i] > NH_FEATURE_FLOOR) return 0;
    }
    return 1;
}

/* Scores of the window; NULL for silence, which no network is asked about. */
static const int8_t *judge(const int8_t *frames) {
    (void)frames;
    if (is_silent()) return NULL;
    memcpy(model_input_0(), window, sizeof window);
    model_invoke();
    return model_output_0();
}
#else
static void forget(void) {}

static int take(const int8_t *frames) { return frames != NULL; }

static const int8_t *judge(const int8_t *frames) {
    memcpy(model_input_0(), frames, sizeof features);
    model_invoke();
    return model_output_0();
}
#endif

static void new_stream(void) {
    nh_hear_reset(&hear);
    model_reset();
    forget();
    listener->reset();
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

static void say_bytes(const void *bytes, uint32_t count) {
    nh_say(",");
    for (uint32_t i = 0; i < count; i++) nh_say_hex(((const uint8_t *)bytes)[i], 2);
}

/* m-features-[position,what the network was given,what it answered] */
static void say_features(const int8_t *frames, uint64_t position) {
    uint32_t bytes;
    const uint8_t *scores = nh_output(0, &bytes);
    nh_say("m-features-[");
    nh_say_number(position);
    say_bytes(frames, sizeof features);
    say_bytes(scores, bytes);
    nh_say_line("]");
}

static void step(const int8_t *frames, uint64_t position) {
    if (!take(frames)) return;
    const uint64_t start = hal_ticks();
    const int8_t *scores = judge(frames);
    const uint64_t middle = hal_ticks();
    nh_cost_add(&model_cost, middle - start);
    listener->scores(scores, position);
    nh_cost_add(&decide_cost, hal_ticks() - middle);
    if (steps_on) say_step(position);
    if (features_on) say_features(frames, position);
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

static void set_features(char *rest) {
    if (!switched(rest, &features_on)) nh_say_error("features takes on or off");
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

static void reset_costs(void) {
    nh_cost_reset(&hear.cost);
    nh_cost_reset(&model_cost);
    nh_cost_reset(&decide_cost);
}

static void costs(char *rest) {
    const uint64_t step_samples = (uint64_t)NH_STEP_FRAMES * NH_FRONTEND_HOP_SAMPLES;
    if (nh_word_is(nh_word(&rest), "reset")) {
        reset_costs();
        return;
    }
    nh_say_fact("cost", "unit", nh_device_unit());
    nh_say_count("cost", "step_us", step_samples * US_PER_S / NH_FRONTEND_SAMPLE_RATE_HZ);
    nh_device_say_cost("frontend", &hear.cost);
    nh_device_say_cost("model", &model_cost);
    nh_device_say_cost("decide", &decide_cost);
}

static const nh_verb_t verbs[] = {
    {"audio", "audio N      : N samples follow in blocks; 0: back to the microphone", begin_audio, 0},
    {"a", NULL, take_audio, 1},
    {"events", "events on|off: a line for whatever is heard", set_events, 0},
    {"steps", "steps on|off : a line for each step, with its costs", set_steps, 0},
    {"features", "features on|off: a line for each step, with what the model was given and answered", set_features, 0},
    {"cost", "cost [reset] : what front end, model and decision take", costs, 0},
    {NULL, NULL, NULL, 0},
};

static void info(void) {
    static const char kind[] = "info";
    nh_say_count(kind, "rate_hz", NH_FRONTEND_SAMPLE_RATE_HZ);
    nh_say_count(kind, "step_samples", NH_STEP_FRAMES * NH_FRONTEND_HOP_SAMPLES);
    nh_say_count(kind, "tail_samples", NH_TAIL_SAMPLES);
    nh_say_count(kind, "block_samples", NH_AUDIO_BLOCK);
    nh_say_count(kind, "microphone", microphone);
}

static void stats(void) {
    nh_say_count("stats", "steps", model_cost.count);
    nh_say_count("stats", "blocks_damaged", audio.damaged);
}

static const nh_kind_t kind = {verbs, info, stats, new_stream};

static void start(void) {
    nh_hear_init(&hear, &nh_frontend_config, shared.work, history, log_mel, features, NH_STEP_FRAMES, step);
    reset_costs();
    events_on = 1;
    if (listener->start) listener->start();
    nh_device_start(&listener->app, &kind, shared.arena);
    listener->reset();
    microphone = (uint8_t)hal_mic_start(NH_FRONTEND_SAMPLE_RATE_HZ);
    hal_watchdog_start(WATCHDOG_MS);
}

/* A block of the microphone, if one is full. Without progress of the audio the watchdog bites. */
static int hear_microphone(void) {
    uint32_t count = 0;
    const int16_t *samples = microphone ? hal_mic_take(&count) : NULL;
    if (samples) {
        if (!from_link) nh_hear_push(&hear, samples, count);
        hal_mic_give();
    }
    if (samples || !microphone) hal_watchdog_feed();
    return samples != NULL;
}

_Noreturn void nh_listen(const nh_listener_t *its) {
    listener = its;
    start();
    for (;;) nh_device_turn(hear_microphone());
}
#endif
