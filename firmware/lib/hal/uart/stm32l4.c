/* USART and LPUART of STM32L4, received bytes into a ring by interrupt. */
#include "ring.h"
#include "stm32/chip.h"

#define UART(offset) REGISTER(UART_BASE + (offset))
#define STATUS UART(0x1C)
#define OVERRUN (1u << 3)
#define RECEIVED (1u << 5)
#define SENDABLE (1u << 7)

static hal_ring_t ring;

static uint32_t divider(void) {
    const uint64_t clock = (uint64_t)chip_uart_hz() * (UART_LOW_POWER ? 256u : 1u);
    return (uint32_t)((clock + HAL_BAUD / 2u) / HAL_BAUD);
}

void uart_start(void) {
    chip_start();
    UART_ENABLE;
#if defined(HAL_TX) && defined(HAL_RX)
    PIN(HAL_TX);
    PIN(HAL_RX);
#endif
    UART(0x0C) = divider();
    UART(0x00) = 1u << 5 | 1u << 3 | 1u << 2 | 1u; /* interrupt of receiver; sender, receiver, on */
    chip_enable(UART_IRQ);
}

void uart_interrupt(void) {
    uint32_t status = STATUS;
    while (status & (RECEIVED | OVERRUN)) {
        if (status & RECEIVED) hal_ring_put(&ring, (uint8_t)UART(0x24));
        if (status & OVERRUN) {
            ring.lost++;
            UART(0x20) = OVERRUN;
        }
        status = STATUS;
    }
}

void uart_put(char c) {
    while (!(STATUS & SENDABLE)) {
    }
    UART(0x28) = (uint8_t)c;
}

int uart_get(void) { return hal_ring_get(&ring); }
int uart_waiting(void) { return hal_ring_count(&ring) != 0u || mic_waiting(); }
uint32_t hal_credit(void) { return HAL_RING_BYTES; }
uint32_t hal_lost(void) { return ring.lost; }
