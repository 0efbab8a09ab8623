/* Two pages where each core keeps such things: a key-value store (Nano 33 BLE, ESP32), EEPROM or what plays it. */
#include "board.h"

#include <string.h>

#if defined(ON_MBED)
#include <kvstore_global_api.h>
#elif defined(ON_ESP32)
#include <Preferences.h>
#else
#include <EEPROM.h>
#endif

#define PAGE_BYTES 128u

static uint8_t pages[2][PAGE_BYTES];
static bool loaded;

#if defined(ON_MBED)
static const char *const names[2] = {"/kv/nuthatch0", "/kv/nuthatch1"};
static void load(uint32_t page) {
    size_t bytes = 0;
    (void)kv_get(names[page], pages[page], PAGE_BYTES, &bytes);
}
static bool save(uint32_t page) { return kv_set(names[page], pages[page], PAGE_BYTES, 0) == 0; }
#elif defined(ON_ESP32)
static const char *const names[2] = {"page0", "page1"};
static void load(uint32_t page) {
    Preferences store;
    if (!store.begin("nuthatch", true)) return;
    (void)store.getBytes(names[page], pages[page], PAGE_BYTES);
    store.end();
}
static bool save(uint32_t page) {
    Preferences store;
    if (!store.begin("nuthatch", false)) return false;
    const size_t written = store.putBytes(names[page], pages[page], PAGE_BYTES);
    store.end();
    return written == PAGE_BYTES;
}
#else
static int place(uint32_t page, uint32_t i) { return static_cast<int>(page * PAGE_BYTES + i); }
static void open() {
#if defined(ON_PICO)
    EEPROM.begin(2u * PAGE_BYTES);
#endif
}
static void load(uint32_t page) {
    open();
    for (uint32_t i = 0; i < PAGE_BYTES; i++) pages[page][i] = EEPROM.read(place(page, i));
}
static bool save(uint32_t page) {
    open();
    for (uint32_t i = 0; i < PAGE_BYTES; i++) EEPROM.write(place(page, i), pages[page][i]);
#if defined(ON_PICO)
    return EEPROM.commit();
#else
    return true;
#endif
}
#endif

uint32_t hal_settings_bytes(void) { return PAGE_BYTES; }

const void *hal_settings_page(uint32_t page) {
    for (uint32_t i = 0; i < 2u && !loaded; i++) {
        memset(pages[i], 0xFF, PAGE_BYTES);
        load(i);
    }
    loaded = true;
    return pages[page & 1u];
}

int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    if (bytes > PAGE_BYTES) return 0;
    (void)hal_settings_page(page);
    memset(pages[page & 1u], 0xFF, PAGE_BYTES);
    memcpy(pages[page & 1u], data, bytes);
    return save(page & 1u) ? 1 : 0;
}
