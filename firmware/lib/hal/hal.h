/* What an application asks of the machine; one folder per core family, one file per UART. */
#ifndef NH_HAL_H
#define NH_HAL_H
#include <stdint.h>

void hal_start(void); /* UART and counter; called before main */
void hal_put(char c);
_Noreturn void hal_exit(int code); /* ends an emulator; stays put on a board */

/* A count that only grows: clock ticks (Cortex-M) or 64 for an instruction (RISC-V, QEMU's -icount shift=6). */
uint64_t hal_ticks(void);

/* How often the counter overflowed; each time took HAL_WRAP_INSTRUCTIONS that belong to nobody. */
extern volatile uint32_t hal_wraps;
#if defined(__arm__)
#define HAL_WRAP_INSTRUCTIONS 5u
#else
#define HAL_WRAP_INSTRUCTIONS 0u
#endif

/* Overflows are not handled between the two: nothing but the program itself is on the stack. */
void hal_mask(void);
void hal_unmask(void);

/* The stack may grow down to here. */
extern uint32_t hal_stack_limit[];

static inline __attribute__((always_inline)) uint32_t *hal_stack_pointer(void) {
    uint32_t *here;
#if defined(__arm__)
    __asm volatile("mov %0, sp" : "=r"(here));
#else
    __asm volatile("mv %0, sp" : "=r"(here));
#endif
    return here;
}

void uart_start(void);
void uart_put(char c);
#endif
