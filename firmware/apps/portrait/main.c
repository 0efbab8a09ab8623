/* Portraits: a frame in (`db load`, `infer`), its mask out, a bit for each pixel. */
#include <stddef.h>

#include "bundle.h"
#include "nh_device.h"
#include "nh_infer.h"
#include "nh_say.h"

/* [1, rows, columns, channels]; the first channel is the mask. */
#define MOST_AXES 8u
static const uint32_t shape[MOST_AXES] = MODEL_OUTPUT_0_SHAPE; /* zeros behind */
static uint8_t arena[MODEL_ARENA_BYTES + 1] __attribute__((aligned(16)));

static int is_image(void) { return shape[3] > 0u && shape[4] == 0u && sizeof(NH_RESULT_TYPE) == 1u; }

static int is_inside(uint32_t pixel) {
    const int8_t *values = (const int8_t *)nh_infer_answer();
    return values[pixel * shape[3]] >= NH_RESULT_HALF;
}

/* m-mask-[row,hexadecimal digits of four pixels each, leftmost in the highest bit] */
static void say_row(uint32_t row) {
    const uint32_t columns = shape[2];
    nh_say("m-mask-[");
    nh_say_number(row);
    nh_say(",");
    for (uint32_t x = 0; x < columns; x += 4u) {
        uint32_t bits = 0;
        for (uint32_t i = 0; i < 4u; i++) bits = (bits << 1) | (x + i < columns && is_inside(row * columns + x + i));
        nh_say_hex(bits, 1);
    }
    nh_say_line("]");
}

static void mask(char *rest) {
    (void)rest;
    if (!is_image()) {
        nh_say_error("mask: output 0 of this model is no image");
        return;
    }
    if (!nh_infer_answer()) {
        nh_say_error("mask: no frame yet: db load, then infer");
        return;
    }
    for (uint32_t row = 0; row < shape[1]; row++) say_row(row);
}

static void info(void) {
    nh_say_count("info", "mask_rows", is_image() ? shape[1] : 0u);
    nh_say_count("info", "mask_columns", is_image() ? shape[2] : 0u);
}

int main(void) {
    static const nh_verb_t verbs[] = {{"mask", "mask         : of the last frame, row by row", mask, 0},
                                      {NULL, NULL, NULL, 0}};
    static const nh_app_t portrait = {"portrait", verbs, info};
    static const nh_kind_t plain = {NULL, NULL, NULL, NULL};
    nh_device_start(&portrait, &plain, arena);
    for (;;) nh_device_turn(0);
}
