/* Runs a model on given inputs and says over the UART what it answered and what that took.
   Lines are a word and hexadecimal numbers; the reader is converters/measure/protocol.py. */
#include "measure.h"
#include "hal.h"

#define PAINT 0xA5C35A3Cu
#define MOST_STACK 65536u /* bytes that are painted */

typedef struct {
    uint64_t ticks;
    uint32_t wraps;
} span_t;

static uint64_t layer_start;
static uint32_t layer_start_wraps;

static void text(const char *p) {
    while (*p) hal_put(*p++);
}

/* Of 32 bits: a shift of 64 would be a library's function, and libraries are the model's account. */
static void digits(uint32_t value, uint32_t count) {
    for (uint32_t shift = 4 * count; shift; shift -= 4) hal_put("0123456789abcdef"[(value >> (shift - 4)) & 15u]);
}

static void number(uint64_t value) {
    hal_put(' ');
    digits((uint32_t)(value >> 32), 8);
    digits((uint32_t)value, 8);
}

static void say(const char *what, span_t span) {
    text(what);
    number(span.ticks);
    number(span.wraps);
    hal_put('\n');
}

__attribute__((noinline)) static span_t time(void (*f)(void)) {
    uint32_t wraps = hal_wraps;
    uint64_t start = hal_ticks();
    f();
    uint64_t end = hal_ticks();
    return (span_t){end - start, hal_wraps - wraps};
}

__attribute__((noinline)) static void nothing(void) {
    __asm volatile("");
}

static const uint8_t *feed(const uint8_t *from) {
    for (uint32_t i = 0; i < measured.input_count; i++) {
        uint8_t *to = measured.inputs[i].memory();
        for (uint32_t n = 0; n < measured.inputs[i].bytes; n++) ((volatile uint8_t *)to)[n] = *from++;
    }
    return from;
}

static void answer(void) {
    for (uint32_t i = 0; i < measured.output_count; i++) {
        const uint8_t *from = measured.outputs[i].memory();
        text("output ");
        for (uint32_t n = 0; n < measured.outputs[i].bytes; n++) digits(from[n], 2);
        hal_put('\n');
    }
}

/* Bytes below this function's frame that a call changed: the high-water mark of its stack. */
__attribute__((noinline)) static uint32_t depth(void (*f)(void)) {
    uint32_t *top = hal_stack_pointer(), *low = hal_stack_limit;
    if ((uintptr_t)top - (uintptr_t)low > MOST_STACK) low = top - MOST_STACK / 4;
    hal_mask();
    for (volatile uint32_t *p = low; p < top; p++) *p = PAINT;
    f();
    volatile uint32_t *mark = low;
    while (mark < top && *mark == PAINT) mark++;
    hal_unmask();
    return (uint32_t)((uintptr_t)top - (uintptr_t)mark);
}

static void stack(const char *what, void (*f)(void)) {
    text(what);
    number(depth(f));
    hal_put('\n');
}

__attribute__((noinline)) void measure_layer(uint32_t index) {
    uint64_t now = hal_ticks();
    measured.layer_ticks[index] += now - layer_start;
    measured.layer_wraps[index] += hal_wraps - layer_start_wraps;
    layer_start_wraps = hal_wraps;
    layer_start = hal_ticks();
}

static void profiled(void) {
    layer_start_wraps = hal_wraps;
    layer_start = hal_ticks();
    measured.invoke();
}

static void layers(void) {
    uint64_t before = measured.layer_ticks[0];
    layer_start = hal_ticks();
    measured.layer(0); /* what a layer of nothing takes */
    say("nolayer", (span_t){measured.layer_ticks[0] - before, 0});
    measured.layer_ticks[0] = 0;
    measured.layer_wraps[0] = 0;
    const uint8_t *from = measured.data;
    for (uint32_t i = 0; i < measured.steps; i++) {
        from = feed(from);
        profiled();
    }
    for (uint32_t i = 0; i < measured.layer_count; i++)
        say("layer", (span_t){measured.layer_ticks[i], measured.layer_wraps[i]});
}

int main(void) {
    const uint8_t *from = measured.data;
    say("nothing", time(nothing));
    say("init", time(measured.init));
    if (measured.layer_count) {
        layers();
        text("done\n");
        return 0;
    }
    for (uint32_t i = 0; i < measured.steps; i++) {
        from = feed(from);
        say("invoke", time(measured.invoke));
        answer();
    }
    stack("depth", measured.invoke);
    stack("depthinit", measured.init);
    text("done\n");
    return 0;
}
