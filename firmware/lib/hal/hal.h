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

/* The stack begins at the top and may grow down to the limit. */
extern uint32_t hal_stack_top[], hal_stack_limit[];

static inline __attribute__((always_inline)) uint32_t *hal_stack_pointer(void) {
    uint32_t *here;
#if defined(__arm__)
    __asm volatile("mov %0, sp" : "=r"(here));
#elif defined(__riscv)
    __asm volatile("mv %0, sp" : "=r"(here));
#else
    here = (uint32_t *)__builtin_frame_address(0);
#endif
    return here;
}

void uart_start(void);
void uart_put(char c);
int uart_get(void);     /* a byte that has arrived, or -1 */
int uart_waiting(void); /* one has arrived */

/* What follows is for applications that listen. A family implements what its machine has; hal/absent.c answers
   weakly for the rest. */

/* The serial line. A driver without interrupts may leave bytes in the UART, if something holds the sender back
   (an emulator's socket does); others keep them in a ring of hal_credit() bytes. */
int hal_get(void);           /* the next byte, or -1; never waits */
uint32_t hal_credit(void);   /* bytes that may be on their way at once without loss */
uint32_t hal_lost(void);     /* bytes that were lost since the start */
void hal_idle(void);         /* nothing to do: may sleep until a byte or a block of samples is there */

uint32_t hal_ticks_hz(void);       /* of hal_ticks; 0: the core's clock, which the board file states */
const char *hal_ticks_unit(void);  /* "cycles" or "ns" */

uint32_t hal_flash_used(void); /* bytes of the image; 0: unknown */
uint32_t hal_ram_used(void);   /* bytes of variables, without the stack; 0: unknown */

/* The microphone, by DMA into two halves: one is filled while the other is read. */
int hal_mic_start(uint32_t rate_hz);           /* 0: there is none, or not at that rate */
void hal_mic_stop(void);
const int16_t *hal_mic_take(uint32_t *count);  /* the oldest block that is full, mono; NULL: none yet */
void hal_mic_give(void);                       /* the block is read; the next may be taken */
uint32_t hal_mic_overruns(void);               /* blocks that were overwritten before they were read */
uint32_t hal_mic_most(void);                   /* most blocks that were full at once */

void hal_led(int on);
void hal_watchdog_start(uint32_t ms); /* from now on resets the board unless fed */
void hal_watchdog_feed(void);
_Noreturn void hal_reboot(void);

/* What a fault leaves behind, in memory that a reset spares. */
typedef struct {
    uint32_t valid;   /* HAL_FAULT_VALID */
    uint32_t cause;   /* exception number (Cortex-M), mcause (RISC-V), HAL_FAULT_STACK */
    uint32_t pc, lr, sp;
    uint32_t status;  /* CFSR; 0 where there is none */
    uint32_t address; /* that was accessed, where the core says so */
    uint32_t r[5];    /* r0..r3, r12; a0..a4 */
    uint32_t count;   /* faults since power on */
    uint32_t told;    /* of them, those that the application has reported */
} hal_fault_t;
#define HAL_FAULT_VALID 0xFA017EDu
#define HAL_FAULT_STACK 0xFFFFu
extern hal_fault_t hal_fault_record;

/* Two pages that outlive the power, each erased and written as a whole. On emulators they outlive a reset only. */
uint32_t hal_settings_bytes(void);           /* of one page; 0: there are none */
const void *hal_settings_page(uint32_t page); /* 0 or 1, to be read */
int hal_settings_write(uint32_t page, const void *data, uint32_t bytes); /* 0: it failed */
#endif
