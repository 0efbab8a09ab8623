/* Weak answers for what a machine lacks; a family defines what it has. */
#include "hal.h"

#include <stddef.h>
#include <string.h>

#define WEAK __attribute__((weak))
#define PAGE_BYTES 128u

/* Nothing loads or clears it, so on an emulator it outlives a reset, as flash would outlive the power. */
#if defined(__ELF__) && !defined(__linux__) && !defined(ARDUINO) /* linker scripts of others know no .noinit */
#define SPARED __attribute__((section(".noinit"), aligned(4)))
#else
#define SPARED __attribute__((aligned(4)))
#endif

static uint8_t pages[2][PAGE_BYTES] SPARED;
WEAK hal_fault_t hal_fault_record SPARED;

WEAK uint32_t hal_credit(void) { return 4096; } /* nothing is lost where the sender is held back */
WEAK uint32_t hal_lost(void) { return 0; }
WEAK void hal_idle(void) {}
WEAK uint32_t hal_ticks_hz(void) { return 0; }
WEAK const char *hal_ticks_unit(void) { return "cycles"; }
WEAK uint32_t hal_flash_used(void) { return 0; }
WEAK uint32_t hal_ram_used(void) { return 0; }

WEAK int hal_mic_start(uint32_t rate_hz) {
    (void)rate_hz;
    return 0;
}
WEAK void hal_mic_stop(void) {}
WEAK const int16_t *hal_mic_take(uint32_t *count) {
    *count = 0;
    return NULL;
}
WEAK void hal_mic_give(void) {}
WEAK uint32_t hal_mic_overruns(void) { return 0; }
WEAK uint32_t hal_mic_most(void) { return 0; }

WEAK void hal_led(int on) { (void)on; }
WEAK void hal_watchdog_start(uint32_t ms) { (void)ms; }
WEAK void hal_watchdog_feed(void) {}

WEAK uint32_t hal_settings_bytes(void) { return PAGE_BYTES; }
WEAK const void *hal_settings_page(uint32_t page) { return pages[page & 1u]; }
WEAK int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    if (bytes > PAGE_BYTES) return 0;
    memcpy(pages[page & 1u], data, bytes);
    return 1;
}
