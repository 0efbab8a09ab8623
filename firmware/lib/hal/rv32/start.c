/* RV32 on QEMU's virt machine: memory, minstret, the test device that ends the emulator. */
#include "hal.h"

extern uint32_t hal_data_load[], hal_data[], hal_data_end[], hal_bss[], hal_bss_end[];
int main(void);
void hal_fault(void);
volatile uint32_t hal_wraps;

#define FINISHER (*(volatile uint32_t *)0x100000)

/* minstret counts 64 for each instruction under -icount shift=6. */
static uint32_t low(void) {
    uint32_t v;
    __asm volatile("csrr %0, minstret" : "=r"(v));
    return v;
}

static uint32_t high(void) {
    uint32_t v;
    __asm volatile("csrr %0, minstreth" : "=r"(v));
    return v;
}

/* An application that is to survive has hal/rv32/fault.c instead. */
__attribute__((weak, aligned(4))) void hal_fault(void) {
    for (const char *p = "fault\n"; *p; p++) uart_put(*p);
    hal_exit(3);
}

__attribute__((used)) _Noreturn static void begin(void) {
    for (volatile uint32_t *to = hal_data, *from = hal_data_load; to < hal_data_end;) *to++ = *from++;
    for (volatile uint32_t *p = hal_bss; p < hal_bss_end;) *p++ = 0;
    __asm volatile("csrw mtvec, %0" ::"r"(hal_fault));
    hal_start();
    hal_exit(main());
}

__attribute__((naked, section(".vectors"), used)) void hal_reset(void) {
    __asm volatile("la sp, hal_stack_top\n j begin");
}

void hal_start(void) { uart_start(); }
void hal_mask(void) {}
void hal_unmask(void) {}

uint64_t hal_ticks(void) {
    uint32_t before = high(), now = low(), after = high();
    if (before != after) now = low();
    return ((uint64_t)after << 32) | now;
}

void hal_put(char c) { uart_put(c); }
int hal_get(void) { return uart_get(); }

_Noreturn void hal_exit(int code) {
    FINISHER = code ? ((uint32_t)code << 16) | 0x3333u : 0x5555u;
    for (;;) {
    }
}
