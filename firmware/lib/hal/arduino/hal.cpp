/* Arduino's cores as a board: serial port, counter, LED, reset. The program's main() is nh_main() here (-D main=nh_main):
   the core has one of its own. */
#include "board.h"

#ifndef HAL_BAUD
#define HAL_BAUD 115200
#endif
#define RECEIVED_BYTES 256u /* the least that these cores keep of what arrives */
#define REGISTER(address) (*(volatile uint32_t *)(address))
#define DEMCR REGISTER(0xE000EDFCu)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define AIRCR REGISTER(0xE000ED0Cu)

extern "C" {
int nh_main(void);
volatile uint32_t hal_wraps;
uint32_t hal_stack_top[1], hal_stack_limit[1]; /* the core's own: not known */
}

void setup() {
    hal_start();
    (void)nh_main();
}

void loop() {}

void hal_start(void) {
    Serial.begin(HAL_BAUD);
#if defined(LED_BUILTIN)
    pinMode(LED_BUILTIN, OUTPUT);
#endif
#if defined(ON_MBED) || defined(ON_TEENSY)
    DEMCR |= 1u << 24;
    DWT_CTRL |= 1u;
#endif
}

static uint32_t counter() {
#if defined(ON_MBED) || defined(ON_TEENSY)
    return DWT_CYCCNT;
#elif defined(ON_ESP32)
    return ESP.getCycleCount();
#else
    return rp2040.getCycleCount();
#endif
}

/* The counter has 32 bits: somebody must look before it comes round (hal_get does). */
uint64_t hal_ticks(void) {
    static uint32_t before, rounds;
    const uint32_t now = counter();
    if (now < before) rounds++;
    before = now;
    return static_cast<uint64_t>(rounds) << 32 | now;
}

uint32_t hal_ticks_hz(void) { return HAL_CLOCK_HZ; }
const char *hal_ticks_unit(void) { return "cycles"; }
void hal_mask(void) { noInterrupts(); }
void hal_unmask(void) { interrupts(); }

void hal_put(char c) { Serial.write(static_cast<uint8_t>(c)); }

int hal_get(void) {
    (void)hal_ticks();
    return Serial.available() > 0 ? Serial.read() : -1;
}

uint32_t hal_credit(void) { return RECEIVED_BYTES; }

/* ESP32: a millisecond, or its other tasks never run and its own watchdog bites. */
void hal_idle(void) {
#if defined(ON_ESP32)
    delay(1);
#else
    yield();
#endif
}

void hal_led(int on) {
#if defined(LED_BUILTIN)
    digitalWrite(LED_BUILTIN, on ? HIGH : LOW);
#else
    (void)on;
#endif
}

[[noreturn]] void hal_exit(int code) {
    (void)code;
    for (;;) delay(1000);
}

[[noreturn]] void hal_reboot(void) {
    Serial.flush();
#if defined(ON_ESP32)
    ESP.restart();
#elif defined(ON_PICO)
    rp2040.reboot();
#else
    AIRCR = 0x05FA0004u;
#endif
    for (;;) {
    }
}
