/* RV32 on QEMU's virt machine, without interrupt handlers: sleeps until the UART has a byte. */
#include "hal.h"

#define PLIC(offset) (*(volatile uint32_t *)(0x0C000000u + (offset)))
#define UART_INTERRUPT 10u
#define PRIORITY PLIC(4u * UART_INTERRUPT)
#define ENABLE PLIC(0x2000u)
#define THRESHOLD PLIC(0x200000u)
#define CLAIM PLIC(0x200004u)
#define EXTERNAL 0x800u

/* An interrupt that is enabled ends wfi although interrupts as a whole are off; nobody has to handle it. */
void hal_idle(void) {
    PRIORITY = 1;
    THRESHOLD = 0;
    ENABLE = 1u << UART_INTERRUPT;
    __asm volatile("csrs mie, %0" ::"r"(EXTERNAL));
    if (!uart_waiting()) __asm volatile("wfi");
    CLAIM = CLAIM;
}
