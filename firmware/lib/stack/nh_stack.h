/* How deep the stack has been: free memory is painted at the start. Not on a host, whose stacks grow. */
#ifndef NH_STACK_H
#define NH_STACK_H
#include <stdint.h>

void nh_stack_paint(void);
uint32_t nh_stack_bytes(void);  /* between variables and the top; 0 on a host */
uint32_t nh_stack_most(void);   /* bytes of it that were used at once */
int nh_stack_intact(void);      /* the last words above the variables were never written */

#endif
