#include "nh_link.h"

#include <stddef.h>

#include "hal.h"
#include "nh_say.h"
#include "nh_words.h"

#define TABLES 3u
#define ECHOED 24u /* characters of an unknown verb that are said back */

nh_link_counts_t nh_link_counts;
static nh_line_t line;
static const nh_verb_t *tables[TABLES];

void nh_link_start(const nh_verb_t *shared, const nh_verb_t *of_kind, const nh_verb_t *own) {
    nh_line_reset(&line);
    tables[0] = shared;
    tables[1] = of_kind;
    tables[2] = own;
}

static const nh_verb_t *find(const char *word) {
    for (uint32_t t = 0; t < TABLES; t++) {
        for (const nh_verb_t *v = tables[t]; v && v->word; v++) {
            if (nh_word_is(word, v->word)) return v;
        }
    }
    return NULL;
}

static void unknown(const char *word) {
    nh_say("e-[Unknown command: ");
    for (uint32_t i = 0; word && word[i] && i < ECHOED; i++) hal_put(word[i]);
    nh_say_line("]");
    nh_link_counts.dropped++;
}

static void run(char *text) {
    char *rest = text;
    const char *word = nh_word(&rest);
    const nh_verb_t *verb = find(word);
    if (verb) {
        nh_link_counts.lines++;
        verb->run(rest);
        if (verb->quiet) return;
    } else {
        unknown(word);
    }
    nh_say_line("m-ready");
}

static void refuse(const char *why) {
    nh_link_counts.dropped++;
    nh_say_error(why);
    nh_say_line("m-ready");
}

int nh_link_poll(void) {
    int byte, any = 0;
    while ((byte = hal_get()) >= 0) {
        any = 1;
        switch (nh_line_take(&line, (uint8_t)byte)) {
        case NH_LINE_OPEN:
            continue;
        case NH_LINE_WHOLE:
            run(line.text);
            break;
        case NH_LINE_LONG:
            refuse("line is too long");
            break;
        case NH_LINE_DAMAGED:
            refuse("line is no text");
            break;
        }
        break;
    }
    return any;
}

void nh_link_help(void) {
    for (uint32_t t = 0; t < TABLES; t++) {
        for (const nh_verb_t *v = tables[t]; v && v->word; v++) {
            if (v->help) nh_say_line(v->help);
        }
    }
}
