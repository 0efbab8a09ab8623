/* USART of STM32F1, F2 and F4. */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define STATUS REGISTER(0x00)
#define DATA REGISTER(0x04)
#define DIVIDER REGISTER(0x08)
#define CONTROL REGISTER(0x0C)

void uart_start(void) {
    DIVIDER = 0x45;
    CONTROL = (1u << 13) | (1u << 3) | (1u << 2) | (1u << 5); /* on, transmit, receive with an interrupt */
}

void uart_put(char c) {
    while (!(STATUS & 0x80u)) { /* not yet empty */
    }
    DATA = (uint8_t)c;
}

int uart_get(void) {
    return STATUS & 0x20u ? (int)(DATA & 0xFFu) : -1;
}

int uart_waiting(void) { return (STATUS & 0x20u) != 0u; }
