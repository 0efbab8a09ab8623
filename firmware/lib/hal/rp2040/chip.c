/* RP2040, RP2350: clocks, pins, interrupts, watchdog. No wait is without end: a clock that does not come is left out. */
#include "chip.h"

#define PATIENCE 1000000u
#define STABLE (1u << 31)
#define LOCKED (1u << 31)
#define PLL_OFF (1u << 0)
#define PLL_OUT_OFF (1u << 3)
#define PLL_VCO_OFF (1u << 5)
#define TRIGGER (1u << 31)
#define ENABLE (1u << 30)
#define LONGEST 0xFFFFFFu

static uint32_t clock_hz = CRYSTAL_HZ, reload;

static int becomes(uint32_t address, uint32_t bits) {
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((REGISTER(address) & bits) == bits) return 1;
    }
    return 0;
}

void chip_release(uint32_t resets) {
    REGISTER(RESETS + SET) = resets;
    REGISTER(RESETS + CLEAR) = resets;
    (void)becomes(RESETS + 8u, resets);
}

static int start_pll(void) {
    chip_release(RESET_PLL_SYS);
    REGISTER(PLL_SYS) = 1; /* reference is the crystal, undivided */
    REGISTER(PLL_SYS + 8u) = VCO_MULTIPLE;
    REGISTER(PLL_SYS + 4u + CLEAR) = PLL_OFF | PLL_VCO_OFF;
    if (!becomes(PLL_SYS, LOCKED)) return 0;
    REGISTER(PLL_SYS + 12u) = (POST_DIVIDE_1 << 16) | (POST_DIVIDE_2 << 12);
    REGISTER(PLL_SYS + 4u + CLEAR) = PLL_OUT_OFF;
    return 1;
}

static void start_clocks(void) {
    REGISTER(XOSC + 12u) = 47; /* a millisecond for the crystal */
    REGISTER(XOSC) = (0xFABu << 12) | 0xAA0u;
    if (!becomes(XOSC + 4u, STABLE)) return;
    REGISTER(CLOCKS + 0x3Cu + CLEAR) = 3; /* core on the reference while the PLL changes */
    (void)becomes(CLOCKS + 0x44u, 1);
    REGISTER(CLOCKS + 0x30u) = 2; /* reference on the crystal */
    (void)becomes(CLOCKS + 0x38u, 4);
    if (start_pll()) {
        REGISTER(CLOCKS + 0x3Cu) = 0; /* its other source is the PLL */
        REGISTER(CLOCKS + 0x3Cu) = 1;
        (void)becomes(CLOCKS + 0x44u, 2);
        clock_hz = CRYSTAL_HZ / (POST_DIVIDE_1 * POST_DIVIDE_2) * VCO_MULTIPLE;
    }
    REGISTER(CLOCKS + 0x48u) = 1u << 11; /* peripherals on the core's */
}

void chip_start(void) {
    start_clocks();
    chip_release(RESET_IO | RESET_PADS);
    chip_pin(HAL_LED, FUNCTION_SIO);
    REGISTER(SIO + GPIO_OUT_ENABLE) = 1u << HAL_LED;
}

void chip_pin(uint32_t pin, uint32_t function) {
    REGISTER(PADS_BANK + 4u + 4u * pin) = 0x56u; /* input on, pull-down, 4 mA; RP2350: no longer isolated */
    REGISTER(IO_BANK + 4u + 8u * pin) = function;
}

uint32_t chip_hz(void) { return clock_hz; }

/* rp2040py has no PLL: where there is nothing, all bits are read as set. */
int chip_emulated(void) { return REGISTER(PLL_SYS) == 0xFFFFFFFFu; }

uint32_t hal_ticks_hz(void) { return clock_hz; }

void hal_led(int on) { REGISTER(SIO + (on ? GPIO_OUT_SET : GPIO_OUT_CLEAR)) = 1u << HAL_LED; }

void hal_watchdog_start(uint32_t ms) {
    const uint32_t counts_per_ms = RP2350 ? 1000u : 2000u; /* RP2040-E1: it counts twice a microsecond */
    reload = ms > LONGEST / counts_per_ms ? LONGEST : ms * counts_per_ms;
    REGISTER(WATCHDOG + CLEAR) = ENABLE;
    if (RP2350) REGISTER(WATCHDOG_TICK + 4u) = CRYSTAL_HZ / 1000000u;
    REGISTER(WATCHDOG_TICK) = RP2350 ? 1u : (1u << 9) | CRYSTAL_HZ / 1000000u;
    REGISTER(PSM + 8u) = ALL_BUT_OSCILLATORS;
    hal_watchdog_feed();
    REGISTER(WATCHDOG + SET) = ENABLE;
}

void hal_watchdog_feed(void) {
    if (reload) REGISTER(WATCHDOG + 4u) = reload;
}

/* The core's own reset would leave the peripherals as they are. */
_Noreturn void hal_reboot(void) {
    __asm volatile("dsb" ::: "memory");
    REGISTER(PSM + 8u) = ALL_BUT_OSCILLATORS;
    REGISTER(WATCHDOG + SET) = TRIGGER;
    for (;;) {
    }
}

/* Follows the core's 16 vectors (image.ld). */
extern const void *const hal_interrupts[];
__attribute__((section(".vectors.irq"), used)) const void *const hal_interrupts[INTERRUPTS] = {
    [UART_IRQ] = uart_interrupt,
    [DMA_IRQ] = mic_interrupt,
};
