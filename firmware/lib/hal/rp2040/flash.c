/* Settings in the last two sectors of flash, by the ROM's functions: meanwhile nothing runs from flash. */
#include <string.h>

#include "chip.h"

#if !RP2350

#ifndef HAL_FLASH_BYTES
#define HAL_FLASH_BYTES 0x200000u
#endif
#define SECTOR 4096u
#define PAGE 256u
#define XIP 0x10000000u
#define ERASE_BLOCK 0x10000u
#define ERASE_COMMAND 0xD8u
#define NAME(a, b) ((uint32_t)(a) | (uint32_t)(b) << 8)

typedef void *(*find_t)(const uint16_t *table, uint32_t name);
typedef void (*step_t)(void);
typedef void (*erase_t)(uint32_t at, uint32_t bytes, uint32_t block, uint8_t command);
typedef void (*program_t)(uint32_t at, const uint8_t *data, uint32_t bytes);

typedef struct {
    step_t connect, leave, flush;
    erase_t erase;
    program_t program;
} rom_t;

extern const uint32_t hal_boot2[64];

/* The ROM's table of functions and the one that looks into it, at fixed places of 16 bits each. Volatile: or the
   compiler takes a place so low for a mistake. */
static volatile uintptr_t rom_places = 0x14u;

static void *find(char a, char b) {
    const uint16_t *places = (const uint16_t *)rom_places;
    const find_t look = (find_t)(uintptr_t)places[2];
    if (!places[2]) return NULL; /* an emulator without the ROM */
    return look((const uint16_t *)(uintptr_t)places[0], NAME(a, b));
}

/* In RAM: between leave() and boot2 there is no flash to run from. boot2 sets its reading up again. */
__attribute__((section(".ramcode"), noinline)) static void replace(const rom_t *rom, uint32_t at, const uint8_t *data,
                                                                   uint32_t bytes, step_t boot2) {
    rom->connect();
    rom->leave();
    rom->erase(at, SECTOR, ERASE_BLOCK, ERASE_COMMAND);
    if (bytes) rom->program(at, data, bytes);
    rom->flush();
    boot2();
}

static uint32_t place(uint32_t page) { return HAL_FLASH_BYTES - SECTOR * (2u - (page & 1u)); }

uint32_t hal_settings_bytes(void) { return PAGE; }
const void *hal_settings_page(uint32_t page) { return (const void *)(uintptr_t)(XIP + place(page)); }

int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    static uint32_t loader[64], buffer[PAGE / 4u];
    rom_t rom;
    if (bytes > PAGE) return 0;
    for (uint32_t i = 0; i < 64u; i++) loader[i] = hal_boot2[i];
    memset(buffer, 0xFF, sizeof buffer);
    memcpy(buffer, data, bytes);
    *(void **)&rom.connect = find('I', 'F');
    *(void **)&rom.leave = find('E', 'X');
    *(void **)&rom.flush = find('F', 'C');
    *(void **)&rom.erase = find('R', 'E');
    *(void **)&rom.program = find('R', 'P');
    if (!rom.program) return 0;
    hal_mask();
    replace(&rom, place(page), (const uint8_t *)buffer, PAGE, (step_t)((uintptr_t)loader | 1u));
    hal_unmask();
    return memcmp(hal_settings_page(page), buffer, PAGE) == 0;
}
#endif
