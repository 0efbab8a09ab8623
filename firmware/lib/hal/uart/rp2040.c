/* UART of RP2040 and RP2350 (PL011): GP0 sends, GP1 receives into a ring. */
#include "rp2040/chip.h"
#include "ring.h"

#define UART(offset) REGISTER(UART_BASE + (offset))
#define DATA UART(0x00)
#define FLAGS UART(0x18)
#define RX_EMPTY (1u << 4)
#define TX_FULL (1u << 5)
#define OVERRUN (1u << 11)
#define RX_IRQ ((1u << 4) | (1u << 6)) /* a quarter full; or not empty for 32 bits' time */

static hal_ring_t ring;

void uart_start(void) {
    chip_start();
    chip_release(RESET_UART0);
    const uint32_t divider = (8u * chip_hz() / HAL_BAUD + 1u) / 2u; /* 64ths of 16 baud */
    UART(0x24) = divider / 64u;
    UART(0x28) = divider % 64u;
    UART(0x2C) = 0x70; /* 8 bits, FIFOs */
    UART(0x30) = 0x301;
    UART(0x34) = 1u << 3;
    UART(0x38) = RX_IRQ;
    chip_pin(0, FUNCTION_UART);
    chip_pin(1, FUNCTION_UART);
    chip_enable(UART_IRQ);
}

void uart_interrupt(void) {
    while (!(FLAGS & RX_EMPTY)) {
        const uint32_t word = DATA;
        if (word & OVERRUN) ring.lost++;
        hal_ring_put(&ring, (uint8_t)word);
    }
    UART(0x44) = RX_IRQ;
}

void uart_put(char c) {
    while (FLAGS & TX_FULL) {
    }
    DATA = (uint8_t)c;
}

/* What is short of a quarter is taken here too, not only after its time. */
static void fetch(void) {
    if (hal_ring_count(&ring)) return;
    hal_mask();
    uart_interrupt();
    hal_unmask();
}

int uart_get(void) {
    fetch();
    return hal_ring_get(&ring);
}

/* rp2040py's SysTick does not wake the core, and its watchdog runs on: no sleep there. */
int uart_waiting(void) {
    fetch();
    return hal_ring_count(&ring) != 0u || mic_waiting() || chip_emulated();
}

uint32_t hal_credit(void) { return HAL_RING_BYTES; }
uint32_t hal_lost(void) { return ring.lost; }
