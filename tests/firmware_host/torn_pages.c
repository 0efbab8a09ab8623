/* Settings pages in RAM whose power fails after so many bytes of a write. */
#include <stdint.h>
#include <string.h>

#include "hal.h"

#define PAGE_BYTES 128u

static uint8_t pages[2][PAGE_BYTES];
int32_t torn_after = -1; /* -1: the power stays */

uint32_t hal_settings_bytes(void) { return PAGE_BYTES; }
const void *hal_settings_page(uint32_t page) { return pages[page]; }

int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    const uint32_t written = torn_after >= 0 && (uint32_t)torn_after < bytes ? (uint32_t)torn_after : bytes;
    memset(pages[page], 0xFF, PAGE_BYTES);
    memcpy(pages[page], data, written);
    return written == bytes;
}
