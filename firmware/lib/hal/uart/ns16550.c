/* The 16550 of QEMU's virt machine. */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint8_t *)(UART_BASE + (offset)))

void uart_start(void) {
    REGISTER(2) = 1; /* a queue of 16 bytes */
    REGISTER(1) = 1; /* an interrupt for what arrives, which hal_idle waits for */
}

void uart_put(char c) {
    while (!(REGISTER(5) & 0x20u)) { /* not yet empty */
    }
    REGISTER(0) = (uint8_t)c;
}

int uart_get(void) {
    return REGISTER(5) & 1u ? (int)REGISTER(0) : -1;
}

int uart_waiting(void) { return REGISTER(5) & 1u; }
