/* STM32L4: settings in the last two pages of flash, in the second bank: the program runs on in the first. */
#include <string.h>

#include "stm32/chip.h"

#define PAGE 256u
#define BUSY (1u << 16)
#define LOCK (1u << 31)
#define ERRORS 0xC3FAu
#define CONTROL REGISTER(FLASH + 0x14u)
#define STATUS (FLASH + 0x10u)

static uint32_t place(uint32_t page) { return SETTINGS_START + SETTINGS_STEP * (page & 1u); }

static int ready(void) { return chip_becomes(STATUS, BUSY, 0) && (REGISTER(STATUS) & ERRORS) == 0u; }

static int erase(uint32_t page) {
    CONTROL = 1u << 11 | (SETTINGS_SECTOR + (page & 1u)) << 3 | 2u;
    CONTROL |= 1u << 16;
    return ready();
}

/* 64 bits at a time: each has a checksum of its own. */
static int program(uint32_t at, const uint8_t *data, uint32_t bytes) {
    CONTROL = 1u;
    for (uint32_t i = 0; i < bytes; i += 8u) {
        uint32_t words[2] = {0xFFFFFFFFu, 0xFFFFFFFFu};
        memcpy(words, data + i, bytes - i < 8u ? bytes - i : 8u);
        REGISTER(at + i) = words[0];
        __asm volatile("isb" ::: "memory");
        REGISTER(at + i + 4u) = words[1];
        if (!ready()) return 0;
    }
    return 1;
}

static void unlock(void) {
    REGISTER(FLASH + 8u) = 0x45670123u;
    REGISTER(FLASH + 8u) = 0xCDEF89ABu;
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
