#include "nh_device.h"

#include <stddef.h>

#include "bundle.h"
#include "hal.h"
#include "nh_crc.h"
#include "nh_infer.h"
#include "nh_say.h"
#include "nh_stack.h"
#include "nh_words.h"

#define NS_PER_S 1000000000u
#define US_PER_S 1000000u
#define TEXT_OF(macro) TEXT(macro)
#define TEXT(tokens) #tokens

static const nh_app_t *app;
static const nh_kind_t *kind;
static uint32_t constants_crc;

static uint64_t hz(void) {
    const uint32_t own = hal_ticks_hz();
    return own ? own : NH_CLOCK_HZ;
}

/* ticks * per_second / hz without losing days to an overflow. */
static uint64_t scaled(uint64_t ticks, uint64_t per_second) {
    const uint64_t f = hz();
    return ticks / f * per_second + ticks % f * per_second / f;
}

uint64_t nh_device_units(uint64_t ticks) {
    return NH_TICK_NS ? scaled(ticks, NS_PER_S / (NH_TICK_NS ? NH_TICK_NS : 1u)) : ticks;
}

const char *nh_device_unit(void) { return NH_TICK_NS ? "instructions" : hal_ticks_unit(); }

uint64_t nh_device_microseconds(uint64_t ticks) { return scaled(ticks, US_PER_S); }

void nh_device_say_cost(const char *stage, const nh_cost_t *cost) {
    nh_say("m-cost-[");
    nh_say(stage);
    const uint64_t values[4] = {cost->count, nh_device_units(cost->sum),
                                cost->count ? nh_device_units(cost->least) : 0u, nh_device_units(cost->most)};
    for (uint32_t i = 0; i < 4u; i++) {
        nh_say(",");
        nh_say_number(values[i]);
    }
    nh_say_line("]");
}

static void name(char *rest) {
    (void)rest;
    nh_say_line("m-name-dut-[" NH_BOARD "]");
}

static void timestamp(char *rest) {
    (void)rest;
    nh_say("m-lap-us-");
    nh_say_number(nh_device_microseconds(hal_ticks()));
    nh_say_end();
}

/* The runner knows its own firmware, and what is compatible with it, by this text. */
static void profile(char *rest) {
    (void)rest;
    nh_say_line("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
    nh_say_line("m-model-[" NH_MODEL_NAME "]");
}

static void help(char *rest) {
    (void)rest;
    nh_link_help();
}

static void info(char *rest) {
    static const char what[] = "info";
    (void)rest;
    nh_say_count(what, "protocol", NH_LINK_PROTOCOL);
    nh_say_fact(what, "app", app->name);
    nh_say_fact(what, "board", NH_BOARD);
    nh_say_fact(what, "target", NH_BOARD_TARGET);
    nh_say_fact(what, "model", NH_MODEL_NAME);
    nh_say_fact(what, "model_hash", NH_MODEL_HASH);
    nh_say_fact(what, "frontend", NH_FRONTEND_ID);
    nh_say_count(what, "ticks_hz", hz());
    nh_say_fact(what, "unit", nh_device_unit());
    nh_say_count(what, "ram_bytes", NH_RAM_BYTES);
    nh_say_count(what, "ram_used", hal_ram_used());
    nh_say_count(what, "flash_bytes", NH_FLASH_BYTES);
    nh_say_count(what, "flash_used", hal_flash_used());
    nh_say_count(what, "arena_bytes", MODEL_ARENA_BYTES);
    nh_say_count(what, "stack_bytes", nh_stack_bytes());
    nh_say_count(what, "input_bytes", NH_INPUT_BYTES);
    nh_say_count(what, "output_bytes", NH_OUTPUT_BYTES);
    nh_say_count(what, "line_bytes", NH_LINE_BYTES - 1u);
    nh_say_count(what, "credit_bytes", hal_credit());
    nh_say_count(what, "constants_ok", constants_crc == NH_CONSTANTS_CRC);
    if (kind->info) kind->info();
    if (app->info) app->info();
}

static void stats(char *rest) {
    static const char what[] = "stats";
    (void)rest;
    nh_say_count(what, "uptime_us", nh_device_microseconds(hal_ticks()));
    nh_say_count(what, "lines", nh_link_counts.lines);
    nh_say_count(what, "lines_dropped", nh_link_counts.dropped);
    nh_say_count(what, "bytes_lost", hal_lost());
    nh_say_count(what, "overruns", hal_mic_overruns());
    nh_say_count(what, "queue_most", hal_mic_most());
    nh_say_count(what, "stack_most", nh_stack_most());
    nh_say_count(what, "faults", hal_fault_record.valid == HAL_FAULT_VALID ? hal_fault_record.count : 0u);
    if (kind->stats) kind->stats();
}

static void sync(char *rest) {
    const char *word = nh_word(&rest);
    nh_say("m-sync-[");
    nh_say(word ? word : "");
    nh_say_line("]");
}

static void reset(char *rest) {
    const char *what = nh_word(&rest);
    if (nh_word_is(what, "model")) {
        model_reset();
    } else if (what) {
        nh_say_error("reset takes nothing, or model");
    } else {
        hal_reboot();
    }
}

/* To see on a bench that the board comes back and tells. */
static void fault(char *rest) {
    (void)rest;
    __builtin_trap();
}

static const nh_verb_t verbs[] = {
    {"name", "name         : the board", name, 0},
    {"timestamp", "timestamp    : microseconds since the start", timestamp, 0},
    {"profile", "profile      : firmware and model", profile, 0},
    {"help", "help         : this list", help, 0},
    {"db", "db load N    : expect N bytes; db HH[HH]*: take them; db print [N [offset]]", nh_infer_db, 0},
    {"infer", "infer N [W]  : N inferences on the loaded bytes after W to warm up", nh_infer_run, 0},
    {"results", "results [raw]: of the last inference", nh_infer_results, 0},
    {"info", "info         : board, model, memory", info, 0},
    {"stats", "stats        : what went wrong or nearly so", stats, 0},
    {"sync", "sync WORD    : says WORD back", sync, 0},
    {"reset", "reset [model]: start anew", reset, 0},
    {"fault", "fault        : a deliberate one; the board starts anew and reports it", fault, 0},
    {NULL, NULL, NULL, 0},
};

static uint32_t crc_of_constants(void) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < NH_CONSTANTS; i++) crc = nh_crc32(crc, model_constants[i].at, model_constants[i].bytes);
    return crc;
}

static void say_word(const char *what, uint32_t value) {
    nh_say(what);
    nh_say_hex(value, 8);
}

/* Told once for each fault; the count stays. */
static void say_fault(void) {
    hal_fault_t *f = &hal_fault_record;
    if (f->valid != HAL_FAULT_VALID || f->count == f->told) return;
    f->told = f->count;
    say_word("m-fault-[cause=", f->cause);
    say_word(",pc=", f->pc);
    say_word(",lr=", f->lr);
    say_word(",sp=", f->sp);
    say_word(",status=", f->status);
    say_word(",address=", f->address);
    for (uint32_t i = 0; i < 5u; i++) say_word(i ? ":" : ",r=", f->r[i]);
    nh_say_line("]");
}

void nh_device_start(const nh_app_t *application, const nh_kind_t *its_kind, void *arena) {
    nh_stack_paint();
    app = application;
    kind = its_kind;
    nh_infer_before = kind->before_infer;
    model_init(arena);
    nh_link_start(verbs, kind->verbs, app->verbs);
    nh_say("m-boot-[nuthatch " TEXT_OF(NH_LINK_PROTOCOL) " " NH_BOARD " ");
    nh_say(app->name);
    nh_say_line("]");
    say_fault();
    constants_crc = crc_of_constants();
    if (constants_crc != NH_CONSTANTS_CRC) nh_say_error("the model's constants are damaged: flash the board again");
    nh_say_line("m-timestamp-mode-performance");
    timestamp(NULL);
    nh_say_line("m-init-done");
    nh_say_line("m-ready");
}

static _Noreturn void stack_is_full(void) {
    hal_fault_t *f = &hal_fault_record;
    f->count = f->valid == HAL_FAULT_VALID ? f->count + 1u : 1u;
    f->cause = HAL_FAULT_STACK;
    f->valid = HAL_FAULT_VALID;
    hal_reboot();
}

void nh_device_turn(int busy) {
    if (!nh_stack_intact()) stack_is_full();
    if (!nh_link_poll() && !busy) hal_idle();
}
