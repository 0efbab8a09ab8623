/* Registers of RP2040 (datasheet, "Address Map") and, where the core is a Cortex-M33, of RP2350. */
#ifndef NH_RP2040_CHIP_H
#define NH_RP2040_CHIP_H
#include <stdint.h>

#include "hal.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SET 0x2000u /* aliases that set or clear single bits */
#define CLEAR 0x3000u

#if defined(__ARM_ARCH_6M__)
#define RP2350 0
#define RESETS 0x4000C000u
#define CLOCKS 0x40008000u
#define PSM 0x40010000u
#define IO_BANK 0x40014000u
#define PADS_BANK 0x4001C000u
#define XOSC 0x40024000u
#define PLL_SYS 0x40028000u
#define WATCHDOG 0x40058000u
#define WATCHDOG_TICK (WATCHDOG + 0x2Cu)
#define RESET_DMA (1u << 2)
#define RESET_IO (1u << 5)
#define RESET_PADS (1u << 8)
#define RESET_PIO0 (1u << 10)
#define RESET_PLL_SYS (1u << 12)
#define RESET_UART0 (1u << 22)
#define ALL_BUT_OSCILLATORS 0x1FFFCu
#define GPIO_OUT_SET 0x14u
#define GPIO_OUT_CLEAR 0x18u
#define GPIO_OUT_ENABLE 0x24u
#define UART_IRQ 20u
#define DMA_IRQ 11u
#define INTERRUPTS 26u
#define DMA_CONTROL(chain, request) (0x29u | ((chain) << 11) | ((request) << 15)) /* on, words, write address grows */
#define DMA_ABORT 0x444u
#define POST_DIVIDE_1 6u /* 1.5 GHz / 6 / 2 */
#else
#define RP2350 1
#define RESETS 0x40020000u
#define CLOCKS 0x40010000u
#define PSM 0x40018000u
#define IO_BANK 0x40028000u
#define PADS_BANK 0x40038000u
#define XOSC 0x40048000u
#define PLL_SYS 0x40050000u
#define WATCHDOG 0x400D8000u
#define WATCHDOG_TICK 0x40108030u
#define RESET_DMA (1u << 2)
#define RESET_IO (1u << 6)
#define RESET_PADS (1u << 9)
#define RESET_PIO0 (1u << 11)
#define RESET_PLL_SYS (1u << 14)
#define RESET_UART0 (1u << 26)
#define ALL_BUT_OSCILLATORS 0x01FFFFF3u
#define GPIO_OUT_SET 0x18u
#define GPIO_OUT_CLEAR 0x20u
#define GPIO_OUT_ENABLE 0x38u
#define UART_IRQ 33u
#define DMA_IRQ 10u
#define INTERRUPTS 52u
#define DMA_CONTROL(chain, request) (0x49u | ((chain) << 13) | ((request) << 17))
#define DMA_ABORT 0x464u
#define POST_DIVIDE_1 5u
#endif

#define CRYSTAL_HZ 12000000u
#define VCO_MULTIPLE 125u /* 1.5 GHz */
#define POST_DIVIDE_2 2u
#define SIO 0xD0000000u
#define DMA 0x50000000u
#define PIO0 0x50200000u
#define NVIC_ENABLE 0xE000E100u

#define FUNCTION_UART 2u
#define FUNCTION_SIO 5u
#define FUNCTION_PIO0 6u

#ifndef HAL_LED
#define HAL_LED 25 /* of the Pico; the W boards have theirs behind the radio */
#endif
#ifndef HAL_MIC_EMULATED
#define HAL_MIC_EMULATED 0 /* 1: an emulator's pins have a microphone */
#endif
#ifndef HAL_BAUD
#define HAL_BAUD 115200u
#endif

void chip_start(void);               /* clocks, pads; before anything else */
void chip_release(uint32_t resets);  /* resets peripherals and lets them go */
void chip_pin(uint32_t pin, uint32_t function);
int chip_emulated(void);
uint32_t chip_hz(void);              /* of core and peripherals; the crystal's where the PLL does not lock */
void uart_interrupt(void);
void mic_interrupt(void);
int mic_waiting(void);

static inline void chip_enable(uint32_t irq) { REGISTER(NVIC_ENABLE + 4u * (irq / 32u)) = 1u << (irq % 32u); }
#endif
