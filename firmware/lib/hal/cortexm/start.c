/* Cortex-M: vectors, memory, FPU and MVE on, SysTick extended to 64 bits. */
#include "hal.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010)
#define SYST_RVR REGISTER(0xE000E014)
#define SYST_CVR REGISTER(0xE000E018)
#define ICSR REGISTER(0xE000ED04)
#define CPACR REGISTER(0xE000ED88)
#define PENDSTSET (1u << 26)
#define WRAP 0x1000000u

extern uint32_t hal_stack_top[], hal_data_load[], hal_data[], hal_data_end[], hal_bss[], hal_bss_end[];
int main(void);
void hal_fault(void);
volatile uint32_t hal_wraps;

/* An application that is to survive has hal/cortexm/fault.c instead. */
__attribute__((weak)) void hal_fault(void) {
    for (const char *p = "fault\n"; *p; p++) uart_put(*p);
    hal_exit(3);
}

/* Exactly HAL_WRAP_INSTRUCTIONS, so that they can be taken off again. */
__attribute__((naked)) static void wrapped(void) {
    __asm volatile(".syntax unified\n ldr r0, 1f\n ldr r1, [r0]\n adds r1, #1\n str r1, [r0]\n bx lr\n .align 2\n 1: .word hal_wraps");
}

_Noreturn void hal_reset(void) {
    /* volatile: or the compiler makes calls of memcpy and memset of it, which belong to the model's account */
    for (volatile uint32_t *to = hal_data, *from = hal_data_load; to < hal_data_end;) *to++ = *from++;
    for (volatile uint32_t *p = hal_bss; p < hal_bss_end;) *p++ = 0;
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb");
#endif
    hal_start();
    hal_exit(main());
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    hal_stack_top, hal_reset, hal_fault, hal_fault, hal_fault, hal_fault, hal_fault, hal_fault,
    0, 0, 0, hal_fault, hal_fault, 0, hal_fault, wrapped,
};

void hal_start(void) {
    uart_start();
    SYST_RVR = WRAP - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

void hal_mask(void) { __asm volatile("cpsid i" ::: "memory"); }
void hal_unmask(void) { __asm volatile("cpsie i" ::: "memory"); }

uint64_t hal_ticks(void) {
    hal_mask();
    uint32_t now = SYST_CVR, high = hal_wraps;
    if (ICSR & PENDSTSET) { /* overflowed after the mask: not counted yet, and `now` may be from before */
        now = SYST_CVR;
        high++;
    }
    hal_unmask();
    return ((uint64_t)high << 24) + (WRAP - 1 - now);
}

void hal_put(char c) { uart_put(c); }
int hal_get(void) { return uart_get(); }

/* Semihosting's SYS_EXIT_EXTENDED; without a debugger the core stops at the breakpoint. */
_Noreturn void hal_exit(int code) {
    volatile uint32_t block[2];
    block[0] = 0x20026;
    block[1] = (uint32_t)code;
    register uint32_t what __asm("r0") = 0x20;
    register volatile uint32_t *with __asm("r1") = block;
    __asm volatile("bkpt 0xab" : "+r"(what) : "r"(with) : "memory");
    for (;;) {
    }
}
