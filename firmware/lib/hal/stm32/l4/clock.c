/* STM32L4 and L4+: the core at HAL_CLOCK_HZ from the PLL; where it does not come, 4 MHz. */
#include "stm32/chip.h"

#define MSI_HZ 4000000u
#define BEYOND_BOOST_HZ 80000000u
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define HALVED (8u << 4)

static uint32_t core_hz = MSI_HZ;

int chip_emulated(void) { return (RCC_CR & 1u) == 0u; }
uint32_t chip_hz(void) { return core_hz; }
uint32_t chip_uart_hz(void) { return core_hz; }

static int start_pll(void) {
    RCC_PLLCFGR = 1u | 2u * HAL_CLOCK_HZ / MSI_HZ << 8 | 1u << 24; /* from MSI, undivided; half of it out */
    RCC_CR |= PLL_ON;
    return chip_becomes(RCC, PLL_READY, PLL_READY);
}

/* Beyond 80 MHz: boost mode, and the step there in two (RM0432, "Dynamic voltage scaling"). */
void chip_clocks(void) {
    const uint32_t boost = HAL_CLOCK_HZ > BEYOND_BOOST_HZ;
    RCC_APB1ENR1 |= 1u << 28;
    (void)RCC_APB1ENR1;
    REGISTER(PWR + 4u) |= 1u << 9; /* port G 2..15 have a supply of their own */
    if (boost && PLUS) REGISTER(PWR + 0x80u) &= ~(1u << 8);
    if (!start_pll()) return;
    REGISTER(FLASH) = (HAL_CLOCK_HZ - 1u) / HZ_PER_WAIT | 7u << 8;
    (void)chip_becomes(FLASH, 15u, (HAL_CLOCK_HZ - 1u) / HZ_PER_WAIT);
    if (boost) RCC_CFGR |= HALVED;
    RCC_CFGR |= 3u;
    if (!chip_becomes(RCC + 8u, 0xCu, 0xCu)) return;
    for (volatile uint32_t i = 0; boost && i < 60u; i++) { /* more than a microsecond */
    }
    RCC_CFGR &= ~(0xFu << 4);
    core_hz = HAL_CLOCK_HZ;
}
