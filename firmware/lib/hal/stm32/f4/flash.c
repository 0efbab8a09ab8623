/* STM32F4: settings in the last two sectors of flash. Erasing one takes a second or two, in which nothing runs. */
#include <string.h>

#include "stm32/chip.h"

#define PAGE 256u
#define BUSY (1u << 16)
#define LOCK (1u << 31)
#define ERRORS 0xF2u
#define WORDS_OF_32 (2u << 8)
#define CONTROL REGISTER(FLASH + 0x10u)
#define STATUS (FLASH + 0x0Cu)
#define LONGEST 100u /* times chip_becomes's patience */

static uint32_t place(uint32_t page) { return SETTINGS_START + SETTINGS_STEP * (page & 1u); }

static int ready(void) {
    for (uint32_t i = 0; i < LONGEST; i++) {
        if (chip_becomes(STATUS, BUSY, 0)) return (REGISTER(STATUS) & ERRORS) == 0u;
    }
    return 0;
}

static int erase(uint32_t page) {
    CONTROL = WORDS_OF_32 | 2u | (SETTINGS_SECTOR + (page & 1u)) << 3;
    CONTROL |= 1u << 16;
    return ready();
}

static int program(uint32_t at, const uint8_t *data, uint32_t bytes) {
    CONTROL = WORDS_OF_32 | 1u;
    for (uint32_t i = 0; i < bytes; i += 4u) {
        uint32_t word = 0xFFFFFFFFu;
        memcpy(&word, data + i, bytes - i < 4u ? bytes - i : 4u);
        REGISTER(at + i) = word;
        if (!ready()) return 0;
    }
    return 1;
}

static void unlock(void) {
    REGISTER(FLASH + 4u) = 0x45670123u;
    REGISTER(FLASH + 4u) = 0xCDEF89ABu;
    REGISTER(STATUS) = ERRORS;
}

/* Or the data cache would still show what was there. */
static void forget(void) {
    REGISTER(FLASH) &= ~(1u << 10);
    REGISTER(FLASH) |= 1u << 12;
    REGISTER(FLASH) &= ~(1u << 12);
    REGISTER(FLASH) |= 1u << 10;
}

uint32_t hal_settings_bytes(void) { return PAGE; }
const void *hal_settings_page(uint32_t page) { return (const void *)(uintptr_t)place(page); }

int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    if (bytes > PAGE || chip_emulated()) return 0;
    unlock();
    const int done = ready() && erase(page) && program(place(page), data, bytes);
    CONTROL = LOCK;
    forget();
    return done && memcmp(hal_settings_page(page), data, bytes) == 0;
}
