/* Each core's watchdog. */
#include "board.h"

#if defined(ON_MBED)
#include <drivers/Watchdog.h>
#elif defined(ON_ESP32)
#include <esp_task_wdt.h>
#endif

static bool started;

#if defined(ON_MBED)
static void start(uint32_t ms) {
    mbed::Watchdog &watchdog = mbed::Watchdog::get_instance();
    const uint32_t most = watchdog.get_max_timeout();
    watchdog.start(ms < most ? ms : most);
}
static void feed() { mbed::Watchdog::get_instance().kick(); }
#elif defined(ON_ESP32)
static void start(uint32_t ms) {
    esp_task_wdt_init((ms + 999u) / 1000u, true);
    esp_task_wdt_add(nullptr);
}
static void feed() { esp_task_wdt_reset(); }
#elif defined(ON_PICO)
#define LONGEST_MS 8300u
static void start(uint32_t ms) { rp2040.wdt_begin(ms < LONGEST_MS ? ms : LONGEST_MS); }
static void feed() { rp2040.wdt_reset(); }
#else
/* WDOG1 of the i.MX RT1062 counts halves of a second. */
#define CONTROL (*(volatile uint16_t *)0x400B8000u)
#define SERVICE (*(volatile uint16_t *)0x400B8002u)
#define CLOCK_GATE (*(volatile uint32_t *)0x400FC074u)
static void start(uint32_t ms) {
    const uint32_t halves = ms / 500u < 255u ? ms / 500u : 255u;
    CLOCK_GATE |= 3u << 16;
    CONTROL = static_cast<uint16_t>(halves << 8 | 0x34u); /* no reset by software, on */
}
static void feed() {
    SERVICE = 0x5555;
    SERVICE = 0xAAAA;
}
#endif

void hal_watchdog_start(uint32_t ms) {
    start(ms);
    started = true;
}

void hal_watchdog_feed(void) {
    if (started) feed();
}
