/* Answers a line with what one part of the hal does; the tests of every family talk to it. */
#include <string.h>

#include "hal.h"

static void text(const char *p) {
    while (*p) hal_put(*p++);
}

static void number(int32_t value) {
    char digits[12];
    int at = 11;
    uint32_t rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest);
    if (value < 0) digits[--at] = '-';
    text(digits + at);
    hal_put(' ');
}

static void hear(void) {
    uint32_t count = 0;
    const int16_t *samples;
    if (!hal_mic_start(16000)) {
        text("none\n");
        return;
    }
    for (uint32_t block = 0; block < 2u; block++) {
        while ((samples = hal_mic_take(&count)) == NULL) hal_idle();
        for (uint32_t i = 0; i < count; i++) number(samples[i]);
        hal_mic_give();
    }
    hal_mic_stop();
    number((int32_t)hal_mic_overruns());
    text("heard\n");
}

static void settings(char c) {
    char page[8] = "page ?";
    page[5] = c;
    number(hal_settings_write(c & 1u, page, sizeof page));
    text("written\n");
}

static void sleep_long(void) {
    hal_watchdog_start(50);
    for (;;) {
    }
}

static void answer(const char *line, uint32_t bytes) {
    uint32_t sum = 0;
    switch (line[0]) {
    case 'e': /* echo: what arrived, in two figures */
        for (uint32_t i = 0; i < bytes; i++) sum = sum * 31u + (uint8_t)line[i];
        number((int32_t)bytes);
        number((int32_t)(sum & 0xFFFFFFu));
        number((int32_t)hal_lost());
        text("sum\n");
        break;
    case 't': number((int32_t)(hal_ticks() & 0x7FFFFFFFu)); text("ticks\n"); break;
    case 'm': hear(); break;
    case 's': settings(line[1]); break;
    case 'p': text((const char *)hal_settings_page((uint32_t)line[1] & 1u)); text("\n"); break;
    case 'l': hal_led(line[1] == '1'); text("led\n"); break;
    case 'w': sleep_long(); break;
    case 'r': hal_reboot();
    case 'f': *(volatile uint32_t *)0xF0000001u = 1; break;
    case 'q': hal_exit(0);
    default: text("what\n");
    }
}

int main(void) {
    static char line[4096];
    uint32_t bytes = 0;
    text("hello ");
    number((int32_t)hal_ticks_hz());
    number(hal_fault_record.valid == HAL_FAULT_VALID ? (int32_t)hal_fault_record.count : 0);
    number((int32_t)hal_fault_record.cause);
    number((int32_t)hal_ticks());
    text("\n");
    for (;;) {
        const int c = hal_get();
        if (c < 0) {
            hal_idle();
        } else if (c == '\n') {
            answer(line, bytes);
            bytes = 0;
        } else if (bytes < sizeof line) {
            line[bytes++] = (char)c;
        }
    }
}
