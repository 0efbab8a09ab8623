/* Cortex-M without interrupt handlers: sleeps until the UART has a byte. */
#include "hal.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010)
#define NVIC_ENABLE 0xE000E100u
#define NVIC_DISABLE 0xE000E180u
#define NVIC_FORGET 0xE000E280u
#define WORDS 4u /* of 32 interrupts each */

static void all(uint32_t base) {
    for (uint32_t i = 0; i < WORDS; i++) REGISTER(base + 4u * i) = 0xFFFFFFFFu;
}

/* Of a family whose drivers have handlers: they stay enabled, and the counter runs on. */
extern const void *const hal_interrupts[] __attribute__((weak));

/* An interrupt that is pending wakes the core even while interrupts are masked; nobody has to handle it. The counter
   stands still meanwhile: an emulator would otherwise jump to its next overflow, again and again. */
void hal_idle(void) {
    if (hal_interrupts) { /* one that comes before wfe is an event too */
        if (!uart_waiting()) __asm volatile("wfe");
        return;
    }
    hal_mask();
    SYST_CSR = 6;
    all(NVIC_FORGET);
    all(NVIC_ENABLE);
    if (!uart_waiting()) __asm volatile("wfi");
    all(NVIC_DISABLE);
    SYST_CSR = 7;
    hal_unmask();
}
