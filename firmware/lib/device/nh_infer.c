#include "nh_infer.h"

#include <stddef.h>
#include <string.h>

#include "bundle.h"
#include "hal.h"
#include "nh_device.h"
#include "nh_say.h"
#include "nh_words.h"

#define MOST_INFERENCES 1000000u /* the link is deaf meanwhile */
#define WARMUPS 10u /* what the runner's own firmware takes when W is not given */

void (*nh_infer_before)(void);

/* The inputs of one inference: invoking the model writes over their memory. */
static uint8_t loaded[NH_INPUT_BYTES];
static uint8_t answered[NH_OUTPUT_BYTES];
static uint32_t expected, filled;
static uint8_t has_answer;

static void load(char *rest) {
    uint32_t bytes = 0;
    const char *word = nh_word(&rest);
    if (!word) {
        nh_say_error("Command 'db load' requires the # of bytes");
    } else if (!nh_word_number(word, &bytes) || bytes == 0u) {
        nh_say_error("Command 'db load' must be >0 bytes");
    } else if (bytes > NH_INPUT_BYTES) {
        nh_say("e-[Supplied buffer size ");
        nh_say_number(bytes);
        nh_say(" exceeds maximum of ");
        nh_say_number(NH_INPUT_BYTES);
        nh_say_line("]");
    } else {
        expected = bytes;
        filled = 0;
        nh_say("m-[Expecting ");
        nh_say_number(bytes);
        nh_say_line(" bytes]");
    }
}

static void take(const char *digits) {
    uint32_t value = 0;
    if (strlen(digits) % 2u != 0u) {
        nh_say_error("Insufficent number of hex digits");
        return;
    }
    if (filled == expected) {
        nh_say_error("Command 'db' without 'db load'");
        return;
    }
    for (; *digits; digits += 2) {
        if (!nh_word_hex(digits, 2, &value)) {
            nh_say_error("Command 'db' takes hex digits");
            return;
        }
        loaded[filled++] = (uint8_t)value;
        if (filled == expected) {
            nh_say_line("m-load-done"); /* what follows in the line is disregarded */
            return;
        }
    }
}

static void print(char *rest) {
    uint32_t count = 16, offset = 0;
    (void)nh_word_number(nh_word(&rest), &count);
    (void)nh_word_number(nh_word(&rest), &offset);
    nh_say("m-buffer-");
    for (; count > 0u && offset < NH_INPUT_BYTES; count--, offset++) {
        nh_say_hex(loaded[offset], 2);
        if (count > 1u) nh_say("-");
    }
    nh_say_end();
}

void nh_infer_db(char *rest) {
    const char *word = nh_word(&rest);
    if (!word) {
        nh_say_error("Command 'db' requires a subcommand");
    } else if (nh_word_is(word, "load")) {
        load(rest);
    } else if (nh_word_is(word, "print")) {
        print(rest);
    } else {
        take(word);
    }
}

static void infer(void) {
    const uint8_t *from = loaded;
    for (uint32_t i = 0; i < NH_INPUTS; i++) {
        uint32_t bytes;
        uint8_t *to = nh_input(i, &bytes);
        memcpy(to, from, bytes);
        from += bytes;
    }
    model_invoke();
}

static void keep_answer(void) {
    uint8_t *to = answered;
    for (uint32_t i = 0; i < NH_OUTPUTS; i++) {
        uint32_t bytes;
        const uint8_t *from = nh_output(i, &bytes);
        memcpy(to, from, bytes);
        to += bytes;
    }
    has_answer = 1;
}

const uint8_t *nh_infer_answer(void) { return has_answer ? answered : NULL; }

static void say_lap(uint64_t ticks) {
    nh_say("m-lap-us-");
    nh_say_number(nh_device_microseconds(ticks));
    nh_say_end();
}

static void say_of(const char *what, uint32_t count) {
    nh_say(what);
    nh_say_number(count);
    nh_say_end();
}

static void run(uint32_t inferences, uint32_t warmups) {
    nh_cost_t cost;
    uint64_t start;
    if (nh_infer_before) nh_infer_before();
    nh_cost_reset(&cost);
    say_of("m-warmup-start-", warmups);
    while (warmups-- > 0u) infer();
    nh_say_line("m-warmup-done");
    say_of("m-infer-start-", inferences);
    start = hal_ticks();
    say_lap(start);
    while (inferences-- > 0u) {
        const uint64_t before = hal_ticks();
        infer();
        nh_cost_add(&cost, hal_ticks() - before);
        hal_watchdog_feed();
    }
    say_lap(hal_ticks());
    nh_say_line("m-infer-done");
    keep_answer();
    nh_infer_results(NULL);
    nh_device_say_cost("infer", &cost);
}

/* What was loaded would stand beside what an earlier input has left. */
static int is_torn(void) {
    if (expected == 0u || filled == NH_INPUT_BYTES) return 0;
    nh_say("e-[");
    nh_say_number(filled);
    nh_say(" of ");
    nh_say_number(NH_INPUT_BYTES);
    nh_say_line(" bytes are loaded: load a whole input]");
    return 1;
}

void nh_infer_run(char *rest) {
    uint32_t inferences = 1, warmups = WARMUPS;
    const char *first = nh_word(&rest), *second = nh_word(&rest);
    if (first && (!nh_word_number(first, &inferences) || inferences == 0u)) {
        nh_say_error("Inference iterations must be >0");
    } else if (second && !nh_word_number(second, &warmups)) {
        nh_say_error("Inference warmup must be >=0");
    } else if (inferences > MOST_INFERENCES || warmups > MOST_INFERENCES) {
        nh_say_error("Inference iterations and warmup must be <=1000000");
    } else if (!is_torn()) {
        run(inferences, warmups);
    }
}

/* Three decimals, rounded, as printf's "%0.3f" writes them. */
static void say_thousandths(int64_t value) {
    if (value < 0) nh_say("-");
    const uint64_t size = (uint64_t)(value < 0 ? -value : value);
    nh_say_number(size / 1000u);
    nh_say(".");
    nh_say_number(size % 1000u / 100u);
    nh_say_number(size % 100u / 10u);
    nh_say_number(size % 10u);
}

static void say_raw(void) {
    nh_say("m-results-raw-[");
    for (uint32_t i = 0; i < NH_OUTPUT_BYTES; i++) nh_say_hex(answered[i], 2);
    nh_say_line("]");
}

void nh_infer_results(char *rest) {
    if (rest && nh_word_is(nh_word(&rest), "raw")) {
        say_raw();
        return;
    }
    nh_say("m-results-[");
    for (uint32_t i = 0; i < NH_RESULT_VALUES; i++) {
        NH_RESULT_TYPE q;
        memcpy(&q, answered + i * sizeof q, sizeof q);
        const int64_t product = ((int64_t)q - NH_RESULT_ZERO) * NH_RESULT_MULTIPLIER;
        const int64_t half = ((int64_t)1 << NH_RESULT_SHIFT) / 2;
        if (i > 0u) nh_say(",");
        say_thousandths(product < 0 ? -((half - product) >> NH_RESULT_SHIFT) : (product + half) >> NH_RESULT_SHIFT);
    }
    nh_say_line("]");
}
