/* UART of the nRF51. */
#include "hal.h"

#define REGISTER(offset) (*(volatile uint32_t *)(UART_BASE + (offset)))
#define START_RX REGISTER(0x000)
#define START_TX REGISTER(0x008)
#define RECEIVED REGISTER(0x108)
#define SENT REGISTER(0x11C)
#define INTERRUPT_ON REGISTER(0x304)
#define ENABLE REGISTER(0x500)
#define DATA REGISTER(0x51C)
#define ARRIVED REGISTER(0x518)
#define BAUD REGISTER(0x524)

void uart_start(void) {
    ENABLE = 4;
    BAUD = 0x01D7E000; /* 115,200 */
    START_TX = 1;
    START_RX = 1;
    INTERRUPT_ON = 1u << 2; /* received, which hal_idle waits for */
}

void uart_put(char c) {
    SENT = 0;
    DATA = (uint8_t)c;
    while (!SENT) {
    }
}

int uart_get(void) {
    if (!RECEIVED) return -1;
    RECEIVED = 0; /* before the read, which sets it again when there is more */
    return (int)(ARRIVED & 0xFFu);
}

int uart_waiting(void) { return RECEIVED != 0u; }
