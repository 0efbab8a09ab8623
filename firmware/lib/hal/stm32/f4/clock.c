/* STM32F4: the core at HAL_CLOCK_HZ from the PLL; where a clock does not come, what there is: 16 MHz. */
#include "stm32/chip.h"

#define MHZ 1000000u
#ifndef HAL_HSE_HZ
#define HAL_HSE_HZ (8u * MHZ) /* NUCLEO: from the debugger's chip, no crystal */
#endif
#ifndef HAL_HSE_BYPASS
#define HAL_HSE_BYPASS 1
#endif
#define INTERNAL_HZ (16u * MHZ)
#define HSE_ON (1u << 16)
#define HSE_READY (1u << 17)
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define PLLI2S_ON (1u << 26)
#define PLLI2S_READY (1u << 27)
#define FROM_HSE (1u << 22)
#define WITHOUT_OVERDRIVE_HZ (168u * MHZ)

static uint32_t core_hz = INTERNAL_HZ, slow_hz = INTERNAL_HZ, fast_hz = INTERNAL_HZ;

/* At reset the internal oscillator is on. */
int chip_emulated(void) { return (RCC_CR & 1u) == 0u; }
uint32_t chip_hz(void) { return core_hz; }
uint32_t chip_uart_hz(void) { return UART_FAST ? fast_hz : slow_hz; }

/* Both PLLs compare at 1 MHz. */
static uint32_t source(void) {
    RCC_CR |= (uint32_t)HAL_HSE_BYPASS << 18;
    RCC_CR |= HSE_ON;
    if (chip_becomes(RCC, HSE_READY, HSE_READY)) return FROM_HSE | HAL_HSE_HZ / MHZ;
    RCC_CR &= ~HSE_ON;
    return INTERNAL_HZ / MHZ;
}

static int overdrive(void) {
    REGISTER(PWR) |= 1u << 16;
    if (!chip_becomes(PWR + 4u, 1u << 16, 1u << 16)) return 0;
    REGISTER(PWR) |= 1u << 17;
    return chip_becomes(PWR + 4u, 1u << 17, 1u << 17);
}

static int start_pll(void) {
    const uint32_t vco_mhz = 2u * (HAL_CLOCK_HZ / MHZ);
    RCC_PLLCFGR = source() | vco_mhz << 6 | (vco_mhz + 47u) / 48u << 24 | (F446 ? 2u << 28 : 0u);
    RCC_CR |= PLL_ON;
    if (!chip_becomes(RCC, PLL_READY, PLL_READY)) return 0;
    return HAL_CLOCK_HZ <= WITHOUT_OVERDRIVE_HZ || (F446 && overdrive());
}

void chip_clocks(void) {
    RCC_APB1ENR |= 1u << 28;
    REGISTER(PWR) |= 3u << 14; /* the most voltage */
    if (!start_pll()) return;
    REGISTER(FLASH) = (HAL_CLOCK_HZ - 1u) / (30u * MHZ) | 7u << 8; /* waits, prefetch, caches */
    RCC_CFGR = 5u << 10 | 4u << 13;                                /* APB1 a quarter, APB2 half */
    RCC_CFGR |= 2u;
    if (!chip_becomes(RCC + 8u, 0xCu, 8u)) return;
    core_hz = HAL_CLOCK_HZ;
    slow_hz = HAL_CLOCK_HZ / 4u;
    fast_hz = HAL_CLOCK_HZ / 2u;
}

/* 51.2 MHz, of which 16 kHz with 64 bits a frame are the fiftieth part. */
int chip_i2s_clock(void);
int chip_i2s_clock(void) {
    RCC_PLLI2SCFGR = 256u << 6 | 5u << 28 | (F446 ? (RCC_PLLCFGR & 0x3Fu) | 2u << 24 : 0u);
    RCC_CR |= PLLI2S_ON;
    return core_hz != INTERNAL_HZ && chip_becomes(RCC, PLLI2S_READY, PLLI2S_READY);
}
