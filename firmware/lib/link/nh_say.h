/* Text to the line, without printf: letters, numbers, and the few shapes that answers have. */
#ifndef NH_SAY_H
#define NH_SAY_H
#include <stdint.h>

void nh_say(const char *text);
void nh_say_number(uint64_t value);
void nh_say_hex(uint32_t value, uint32_t digits);
void nh_say_end(void); /* of the line */

void nh_say_line(const char *text);
void nh_say_error(const char *what);                                    /* e-[what] */
void nh_say_fact(const char *kind, const char *name, const char *text); /* m-kind-[name=text] */
void nh_say_count(const char *kind, const char *name, uint64_t value);  /* m-kind-[name=value] */

#endif
