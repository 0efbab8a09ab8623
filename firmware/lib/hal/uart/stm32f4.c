/* USART of STM32F4, received bytes into a ring by interrupt. uart/stm32.c is the same without clocks and interrupts. */
#include "ring.h"
#include "stm32/chip.h"

#define UART(offset) REGISTER(UART_BASE + (offset))
#define STATUS UART(0x00)
#define DATA UART(0x04)
#define OVERRUN (1u << 3)
#define RECEIVED (1u << 5)
#define SENDABLE (1u << 7)

static hal_ring_t ring;

void uart_start(void) {
    chip_start();
    UART_ENABLE;
#if defined(HAL_TX) && defined(HAL_RX)
    PIN(HAL_TX);
    PIN(HAL_RX);
#endif
    UART(0x08) = (chip_uart_hz() + HAL_BAUD / 2u) / HAL_BAUD;
    UART(0x0C) = 1u << 13 | 1u << 5 | 1u << 3 | 1u << 2; /* on; interrupt of, sender, receiver */
    chip_enable(UART_IRQ);
}

void uart_interrupt(void) {
    uint32_t status = STATUS;
    while (status & (RECEIVED | OVERRUN)) {
        const uint8_t byte = (uint8_t)DATA; /* clears both */
        if (status & OVERRUN) ring.lost++;
        if (status & RECEIVED) hal_ring_put(&ring, byte);
        status = STATUS;
    }
}

void uart_put(char c) {
    while (!(STATUS & SENDABLE)) {
    }
    DATA = (uint8_t)c;
}

int uart_get(void) { return hal_ring_get(&ring); }
int uart_waiting(void) { return hal_ring_count(&ring) != 0u || mic_waiting(); }
uint32_t hal_credit(void) { return HAL_RING_BYTES; }
uint32_t hal_lost(void) { return ring.lost; }
