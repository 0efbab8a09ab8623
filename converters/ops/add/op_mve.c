/* ADD and SUB, Armv8.1-M MVE: four values of the linear form in eight instructions. */
#include "../include/mve.h"
#include "op.h"

NH_KERNEL void nh_add_linear_mve_run(const void *parameters, const int8_t *a, const int8_t *b, int8_t *y, const nh_walk_t *w) {
    const nh_add_linear_t *p = (const nh_add_linear_t *)parameters;
    int32_t ma = p->ma, mb = p->mb, c = p->c;
    /* An operand that stays is a part of c. */
    if (!w->b_step) c += *b * mb, mb = 0, b = a;
    if (!w->a_step) c += *a * ma, ma = 0, a = b;
    __asm volatile("dlstp.32 lr, %[n]\n"
                   "1: vldrb.s32 q0, [%[a]], #4\n"
                   "vldrb.s32 q1, [%[b]], #4\n"
                   "vmlas.s32 q0, %q[factors], %[c]\n"
                   "vmla.s32 q0, q1, %[mb]\n"
                   "vshl.s32 q0, %[shift]\n"
                   "vmax.s32 q0, q0, %q[low]\n"
                   "vmin.s32 q0, q0, %q[high]\n"
                   "vstrb.32 q0, [%[y]], #4\n"
                   "letp lr, 1b\n"
                   : [a] "+l"(a), [b] "+l"(b), [y] "+l"(y)
                   : [n] "r"(w->n), [factors] "w"(vdupq_n_s32(ma)), [mb] "r"(mb), [c] "r"(c), [shift] "r"(-p->shift),
                     [low] "w"(vdupq_n_s32(p->low)), [high] "w"(vdupq_n_s32(p->high))
                   : "lr", "q0", "q1", "memory");
}

NH_BROADCAST(add_linear_mve, nh_add_linear_t, nh_add_linear_mve_run)
