#include "nh_say.h"

#include "hal.h"

void nh_say(const char *text) {
    while (*text) hal_put(*text++);
}

void nh_say_number(uint64_t value) {
    char digits[21];
    char *p = digits + sizeof digits;
    *--p = '\0';
    /* Division of 64 bits is slow and most numbers are small. */
    while (value > UINT32_MAX) {
        *--p = (char)('0' + (char)(value % 10u));
        value /= 10u;
    }
    for (uint32_t low = (uint32_t)value; low > 0u || *p == '\0'; low /= 10u) *--p = (char)('0' + (char)(low % 10u));
    nh_say(p);
}

void nh_say_hex(uint32_t value, uint32_t digits) {
    while (digits-- > 0u) hal_put("0123456789abcdef"[(value >> (4u * digits)) & 15u]);
}

void nh_say_end(void) { nh_say("\r\n"); }

void nh_say_line(const char *text) {
    nh_say(text);
    nh_say_end();
}

void nh_say_error(const char *what) {
    nh_say("e-[");
    nh_say(what);
    nh_say_line("]");
}

static void open_fact(const char *kind, const char *name) {
    nh_say("m-");
    nh_say(kind);
    nh_say("-[");
    nh_say(name);
    nh_say("=");
}

void nh_say_fact(const char *kind, const char *name, const char *text) {
    open_fact(kind, name);
    nh_say(text);
    nh_say_line("]");
}

void nh_say_count(const char *kind, const char *name, uint64_t value) {
    open_fact(kind, name);
    nh_say_number(value);
    nh_say_line("]");
}
