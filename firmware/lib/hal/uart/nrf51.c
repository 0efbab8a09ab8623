/* UART of the nRF51. */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define START_TX REGISTER(0x008)
#define SENT REGISTER(0x11C)
#define ENABLE REGISTER(0x500)
#define DATA REGISTER(0x51C)
#define BAUD REGISTER(0x524)

void uart_start(void) {
    ENABLE = 4;
    BAUD = 0x01D7E000; /* 115,200 */
    START_TX = 1;
}

void uart_put(char c) {
    SENT = 0;
    DATA = (uint8_t)c;
    while (!SENT) {
    }
}
