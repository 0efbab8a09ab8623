#include "nh_words.h"

#include <stddef.h>
#include <string.h>

#define MILLION 1000000u

char *nh_word(char **rest) {
    char *start = *rest;
    while (*start == ' ') start++;
    char *end = start;
    while (*end && *end != ' ') end++;
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return end > start ? start : NULL;
}

int nh_word_is(const char *word, const char *other) { return word && strcmp(word, other) == 0; }

int nh_word_number(const char *word, uint32_t *value) {
    uint64_t v = 0;
    if (!word || !*word) return 0;
    for (; *word; word++) {
        if (*word < '0' || *word > '9') return 0;
        v = v * 10u + (uint32_t)(*word - '0');
        if (v > UINT32_MAX) return 0;
    }
    *value = (uint32_t)v;
    return 1;
}

int nh_word_millionths(const char *word, uint32_t *value) {
    uint32_t unit = MILLION, v;
    if (!word || (word[0] != '0' && word[0] != '1')) return 0;
    v = word[0] == '1' ? MILLION : 0u;
    word++;
    if (*word == '.') word++;
    else if (*word) return 0;
    for (; *word; word++) {
        unit /= 10u;
        if (*word < '0' || *word > '9' || unit == 0u) return 0;
        v += unit * (uint32_t)(*word - '0');
    }
    *value = v;
    return v <= MILLION;
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int nh_word_hex(const char *word, uint32_t digits, uint32_t *value) {
    uint32_t v = 0;
    if (!word) return 0;
    while (digits-- > 0u) {
        const int d = digit(*word++);
        if (d < 0) return 0;
        v = (v << 4) | (uint32_t)d;
    }
    *value = v;
    return 1;
}
