/* STM32: what its families share, and the registers in which they differ (f4, l4). The chip is chosen by the vendor's
   usual name (-D STM32F446xx), pins by the board: -D HAL_LED=A,5 -D HAL_TX=A,2,7 (port, number, alternate function). */
#ifndef NH_STM32_CHIP_H
#define NH_STM32_CHIP_H
#include <stdint.h>

#include "hal.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))

#if defined(STM32F446xx) || defined(STM32F405xx)
#include "stm32/f4/registers.h"
#elif defined(STM32L475xx) || defined(STM32L4R5xx)
#include "stm32/l4/registers.h"
#else
#error "no chip of the STM32 family: -D STM32F405xx, STM32F446xx, STM32L475xx or STM32L4R5xx"
#endif

#define NVIC_ENABLE 0xE000E100u
#ifndef HAL_BAUD
#define HAL_BAUD 115200u
#endif

#define PIN(...) PIN_(__VA_ARGS__)
#define PIN_(port, number, function) chip_pin(PORT_##port, number, function)
#define LED(...) LED_(__VA_ARGS__)
#define LED_(port, number) PORT_##port, number
enum { PORT_A, PORT_B, PORT_C, PORT_D, PORT_E, PORT_F, PORT_G, PORT_H };

void chip_start(void);           /* clocks; before anything else */
void chip_clocks(void);          /* of the family */
int chip_emulated(void);         /* QEMU: no clocks, no flash to write */
uint32_t chip_hz(void);          /* of the core */
uint32_t chip_uart_hz(void);
void chip_pin(uint32_t port, uint32_t number, uint32_t function);
int chip_becomes(uint32_t address, uint32_t mask, uint32_t value); /* 0: not in time */
void uart_interrupt(void);
void mic_interrupt(void);
int mic_waiting(void);

static inline void chip_enable(uint32_t irq) { REGISTER(NVIC_ENABLE + 4u * (irq / 32u)) = 1u << (irq % 32u); }
#endif
