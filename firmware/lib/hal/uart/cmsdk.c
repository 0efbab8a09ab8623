/* Arm's CMSDK UART (MPS2, MPS3). */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define DATA REGISTER(0x00)
#define STATE REGISTER(0x04)
#define CONTROL REGISTER(0x08)
#define INTERRUPTS REGISTER(0x0C)
#define DIVIDER REGISTER(0x10)

void uart_start(void) {
    DIVIDER = 16;
    CONTROL = 3u | 8u; /* transmit; receive, and an interrupt for it, which hal_idle waits for */
}

void uart_put(char c) {
    while (STATE & 1u) { /* full */
    }
    DATA = (uint8_t)c;
}

int uart_get(void) {
    if (!(STATE & 2u)) return -1;
    INTERRUPTS = 2; /* before the read, which lets the next byte in */
    return (int)(DATA & 0xFFu);
}

int uart_waiting(void) { return (STATE & 2u) != 0u; }
