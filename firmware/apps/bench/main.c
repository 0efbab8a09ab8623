/* A model and the runner's verbs: inputs through the link, inferences, results. */
#include <stddef.h>

#include "bundle.h"
#include "nh_device.h"

static uint8_t arena[MODEL_ARENA_BYTES + 1] __attribute__((aligned(16)));

int main(void) {
    static const nh_app_t bench = {"bench", NULL, NULL};
    static const nh_kind_t plain = {NULL, NULL, NULL, NULL};
    nh_device_start(&bench, &plain, arena);
    for (;;) nh_device_turn(0);
}
