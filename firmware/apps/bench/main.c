/* A model and the runner's verbs: inputs through the link, inferences, results. */
#include <stddef.h>

#include "bundle.h"
#include "hal.h"
#include "nh_device.h"

static uint8_t arena[MODEL_ARENA_BYTES + 1] __attribute__((aligned(16)));
static const nh_verb_t verbs[] = {{NULL, NULL, NULL, 0}};
static const nh_app_t app = {"bench", verbs, NULL, NULL, NULL};

int main(void) {
    nh_device_start(&app, arena);
    for (;;) nh_device_turn(0);
}
