/* RV32 on QEMU's virt machine: a fault leaves its registers where a reset spares them, and resets. */
#include "hal.h"

#define FINISHER (*(volatile uint32_t *)0x100000)
#define RESET 0x7777u

extern uint32_t hal_flash_start[], hal_flash_end[], hal_ram_start[], hal_ram_end[];

_Noreturn void hal_reboot(void) {
    FINISHER = RESET;
    for (;;) {
    }
}

/* frame: a0-a4, ra. */
__attribute__((used)) _Noreturn static void hal_fault_stacked(const uint32_t *frame) {
    hal_fault_t *f = &hal_fault_record;
    uint32_t cause, pc, address;
    __asm volatile("csrr %0, mcause" : "=r"(cause));
    __asm volatile("csrr %0, mepc" : "=r"(pc));
    __asm volatile("csrr %0, mtval" : "=r"(address));
    f->count = f->valid == HAL_FAULT_VALID ? f->count + 1u : 1u;
    f->cause = cause;
    for (uint32_t i = 0; i < 5; i++) f->r[i] = frame[i];
    f->lr = frame[5];
    f->pc = pc;
    f->sp = (uint32_t)(uintptr_t)(frame + 6);
    f->status = 0;
    f->address = address;
    f->valid = HAL_FAULT_VALID;
    hal_reboot();
}

__attribute__((naked, aligned(4))) void hal_fault(void) {
    __asm volatile(
        "addi sp, sp, -24\n sw a0, 0(sp)\n sw a1, 4(sp)\n sw a2, 8(sp)\n sw a3, 12(sp)\n sw a4, 16(sp)\n"
        "sw ra, 20(sp)\n mv a0, sp\n j hal_fault_stacked");
}

/* minstret counts virtual nanoseconds here. */
uint32_t hal_ticks_hz(void) { return 1000000000u; }

uint32_t hal_flash_used(void) { return (uint32_t)((uintptr_t)hal_flash_end - (uintptr_t)hal_flash_start); }
uint32_t hal_ram_used(void) { return (uint32_t)((uintptr_t)hal_ram_end - (uintptr_t)hal_ram_start); }
