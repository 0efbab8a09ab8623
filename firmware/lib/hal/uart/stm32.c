/* USART of STM32F1, F2 and F4. */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define STATUS REGISTER(0x00)
#define DATA REGISTER(0x04)
#define DIVIDER REGISTER(0x08)
#define CONTROL REGISTER(0x0C)

void uart_start(void) {
    DIVIDER = 0x45;
    CONTROL = (1u << 13) | (1u << 3); /* on, transmit */
}

void uart_put(char c) {
    while (!(STATUS & 0x80u)) { /* not yet empty */
    }
    DATA = (uint8_t)c;
}
