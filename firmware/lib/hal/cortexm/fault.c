/* Cortex-M: a fault leaves its registers where a reset spares them, and resets. What the image takes. */
#include "hal.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define AIRCR REGISTER(0xE000ED0C)
#define CFSR REGISTER(0xE000ED28)
#define MMFAR REGISTER(0xE000ED34)
#define BFAR REGISTER(0xE000ED38)
#define MMFAR_VALID (1u << 7)
#define BFAR_VALID (1u << 15)

extern uint32_t hal_flash_start[], hal_flash_end[], hal_ram_start[], hal_ram_end[];

/* weak: some chips leave their peripherals as they are when only the core is reset */
__attribute__((weak)) _Noreturn void hal_reboot(void) {
    __asm volatile("dsb" ::: "memory");
    AIRCR = 0x05FA0004u;
    for (;;) {
    }
}

/* frame: what the core has pushed: r0-r3, r12, lr, pc, xpsr. */
__attribute__((used)) _Noreturn static void hal_fault_stacked(const uint32_t *frame) {
    hal_fault_t *f = &hal_fault_record;
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    f->count = f->valid == HAL_FAULT_VALID ? f->count + 1u : 1u;
    f->cause = exception;
    for (uint32_t i = 0; i < 5; i++) f->r[i] = frame[i];
    f->lr = frame[5];
    f->pc = frame[6];
    f->sp = (uint32_t)(uintptr_t)frame;
    f->status = 0;
    f->address = 0;
#if !defined(__ARM_ARCH_6M__)
    f->status = CFSR;
    if (f->status & BFAR_VALID) f->address = BFAR;
    if (f->status & MMFAR_VALID) f->address = MMFAR;
#endif
    f->valid = HAL_FAULT_VALID;
    hal_reboot();
}

__attribute__((naked)) void hal_fault(void) { __asm volatile("mov r0, sp\n b hal_fault_stacked"); }

uint32_t hal_flash_used(void) { return (uint32_t)((uintptr_t)hal_flash_end - (uintptr_t)hal_flash_start); }
uint32_t hal_ram_used(void) { return (uint32_t)((uintptr_t)hal_ram_end - (uintptr_t)hal_ram_start); }
