#include "nh_base64.h"

#include <string.h>

static int32_t value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    if (c == '/') return 63;
    return -1;
}

int32_t nh_base64_decode(const char *text, uint8_t *out) {
    const uint32_t length = (uint32_t)strlen(text);
    uint32_t padding = 0, bits = 0, count = 0;
    uint8_t *to = out;
    while (padding < 2u && length > padding && text[length - 1u - padding] == '=') padding++;
    if (length % 4u != 0u) return -1;
    for (uint32_t i = 0; i < length - padding; i++) {
        const int32_t v = value_of(text[i]);
        if (v < 0) return -1;
        bits = (bits << 6) | (uint32_t)v;
        count += 6u;
        if (count >= 8u) {
            count -= 8u;
            *to++ = (uint8_t)(bits >> count);
        }
    }
    return (int32_t)(to - out);
}
