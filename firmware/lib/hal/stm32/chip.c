/* STM32: pins, LED, watchdog, interrupts. */
#include "stm32/chip.h"

#define PATIENCE 1000000u
#define IWDG 0x40003000u
#define WATCHDOG_TICK_MS 8u /* 32 kHz, divided by 256 */
#define WATCHDOG_MOST 4095u

static uint8_t watched;

int chip_becomes(uint32_t address, uint32_t mask, uint32_t value) {
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((REGISTER(address) & mask) == value) return 1;
    }
    return 0;
}

static void change(uint32_t address, uint32_t shift, uint32_t bits, uint32_t value) {
    REGISTER(address) = (REGISTER(address) & ~(((1u << bits) - 1u) << shift)) | value << shift;
}

static void port_on(uint32_t port) {
    RCC_PORTS |= 1u << port;
    (void)RCC_PORTS; /* it takes two clocks */
}

/* Push-pull and fast, or an input; its function decides. */
void chip_pin(uint32_t port, uint32_t number, uint32_t function) {
    const uint32_t base = PORTS + 0x400u * port;
    port_on(port);
    change(base + 0x20u + 4u * (number / 8u), 4u * (number % 8u), 4, function);
    change(base + 0x08u, 2u * number, 2, 2);
    change(base, 2u * number, 2, 2);
}

#if defined(HAL_LED)
static void lit(uint32_t port, uint32_t number, int on) {
    REGISTER(PORTS + 0x400u * port + 0x18u) = 1u << (on ? number : number + 16u);
}
static void start_led(uint32_t port, uint32_t number) {
    port_on(port);
    change(PORTS + 0x400u * port, 2u * number, 2, 1);
}
void hal_led(int on) { lit(LED(HAL_LED), on); }
#endif

void chip_start(void) {
    if (!chip_emulated()) chip_clocks();
#if defined(HAL_LED)
    start_led(LED(HAL_LED));
#endif
}

/* 0 on an emulator: its counter runs as fast as the board file says. */
uint32_t hal_ticks_hz(void) { return chip_emulated() ? 0u : chip_hz(); }

void hal_watchdog_start(uint32_t ms) {
    const uint32_t ticks = ms / WATCHDOG_TICK_MS + 1u;
    REGISTER(IWDG) = 0xCCCC;
    REGISTER(IWDG) = 0x5555;
    REGISTER(IWDG + 4u) = 6;
    REGISTER(IWDG + 8u) = ticks > WATCHDOG_MOST ? WATCHDOG_MOST : ticks;
    (void)chip_becomes(IWDG + 12u, 3, 0);
    watched = 1;
    hal_watchdog_feed();
}

void hal_watchdog_feed(void) {
    if (watched) REGISTER(IWDG) = 0xAAAA;
}

/* Follows the core's 16 vectors (image.ld). */
extern const void *const hal_interrupts[];
__attribute__((section(".vectors.irq"), used)) const void *const hal_interrupts[HAVE_INTERRUPTS] = {
    [UART_IRQ] = uart_interrupt,
    [MIC_IRQ] = mic_interrupt,
};
