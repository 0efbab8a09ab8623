#include "nh_stack.h"

#include "hal.h"

#define PAINT 0xA5C35A3Cu
#define MOST_PAINTED 65536u /* bytes: boards with megabytes need not paint them all */
#define GUARD_WORDS 4u
#define SPARED_WORDS 32u /* below the painter's own frame */

#if defined(__linux__) || defined(__APPLE__) || defined(ARDUINO) /* the stack is another's */

void nh_stack_paint(void) {}
uint32_t nh_stack_bytes(void) { return 0; }
uint32_t nh_stack_most(void) { return 0; }
int nh_stack_intact(void) { return 1; }

#else

static uint32_t *low; /* the deepest word that is painted */

void nh_stack_paint(void) {
    uint32_t *const here = hal_stack_pointer() - SPARED_WORDS;
    low = hal_stack_limit;
    if ((uintptr_t)here - (uintptr_t)low > MOST_PAINTED) low = here - MOST_PAINTED / sizeof *low;
    for (volatile uint32_t *p = low; p < here; p++) *p = PAINT;
}

uint32_t nh_stack_bytes(void) { return (uint32_t)((uintptr_t)hal_stack_top - (uintptr_t)hal_stack_limit); }

uint32_t nh_stack_most(void) {
    volatile uint32_t *mark = low;
    while (mark < hal_stack_top && *mark == PAINT) mark++;
    return (uint32_t)((uintptr_t)hal_stack_top - (uintptr_t)mark);
}

int nh_stack_intact(void) {
    for (volatile uint32_t *p = low; p < low + GUARD_WORDS; p++) {
        if (*p != PAINT) return 0;
    }
    return 1;
}

#endif
