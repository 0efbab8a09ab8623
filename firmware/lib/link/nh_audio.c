#include "nh_audio.h"

#include <stddef.h>

#include "nh_base64.h"
#include "nh_crc.h"
#include "nh_say.h"
#include "nh_words.h"

void nh_audio_begin(nh_audio_t *a, uint32_t samples) {
    a->left = samples;
    a->total = samples;
    a->next = 0;
    a->asked = 0;
}

static void say_block(const char *what, uint16_t number) {
    nh_say(what);
    nh_say_hex(number, 4);
    nh_say_end();
}

static void say_done(const nh_audio_t *a) {
    nh_say("m-audio-done-[");
    nh_say_number(a->total);
    nh_say_line("]");
}

/* Once: the blocks that are already on their way behind it would ask as often. */
static uint32_t ask_again(nh_audio_t *a, int damaged) {
    a->damaged++;
    if (damaged || !a->asked) say_block("m-again-", a->next);
    a->asked = 1;
    return 0;
}

/* The bytes of the block, at the word's aligned beginning; -1 when the checksum is another. */
static int32_t decode(char *text, uint32_t number, uint32_t crc, uint8_t *to) {
    const uint8_t name[2] = {(uint8_t)number, (uint8_t)(number >> 8)};
    const int32_t bytes = nh_base64_decode(text, to);
    if (bytes < 0) return -1;
    return nh_crc16(nh_crc16(NH_CRC16_START, name, 2), to, (uint32_t)bytes) == crc ? bytes : -1;
}

uint32_t nh_audio_take(nh_audio_t *a, char *rest, const int16_t **samples) {
    uint8_t *to = (uint8_t *)(((uintptr_t)rest + 3u) & ~(uintptr_t)3u);
    uint32_t number = 0, crc = 0;
    const char *first = nh_word(&rest), *second = nh_word(&rest);
    const int parsed = nh_word_hex(first, 4, &number) && nh_word_hex(second, 4, &crc);
    char *text = nh_word(&rest);
    const int32_t bytes = parsed && text ? decode(text, number, crc, to) : -1;
    if (bytes < 2 || bytes % 2 != 0 || (uint32_t)bytes > 2u * NH_AUDIO_BLOCK) return ask_again(a, 1);
    if (number != a->next) {
        /* Behind: the acknowledgement was lost. Ahead: a block was. */
        if ((uint16_t)(number - a->next) < 0x8000u) return ask_again(a, 0);
        say_block("m-a-", (uint16_t)number);
        if (a->left == 0u) say_done(a);
        return 0;
    }
    if ((uint32_t)bytes / 2u > a->left) {
        nh_say_error("audio: more samples than announced");
        return 0;
    }
    *samples = (const int16_t *)(const void *)to;
    return (uint32_t)bytes / 2u;
}

void nh_audio_done(nh_audio_t *a, uint32_t samples) {
    a->left -= samples;
    say_block("m-a-", a->next++);
    a->asked = 0;
    if (a->left == 0u) say_done(a);
}
