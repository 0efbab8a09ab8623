/* Arm's CMSDK UART (MPS2, MPS3). */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define DATA REGISTER(0x00)
#define STATE REGISTER(0x04)
#define CONTROL REGISTER(0x08)
#define DIVIDER REGISTER(0x10)

void uart_start(void) {
    DIVIDER = 16;
    CONTROL = 1; /* transmit */
}

void uart_put(char c) {
    while (STATE & 1u) { /* full */
    }
    DATA = (uint8_t)c;
}
