/* Lines to verbs. The protocol is specified in docs/serial.md; its Python end is edge/link.py. */
#ifndef NH_LINK_H
#define NH_LINK_H
#include <stdint.h>

#include "nh_line.h"

#define NH_LINK_PROTOCOL 1

typedef struct {
    const char *word;
    const char *help;        /* one line; NULL hides it from the list */
    void (*run)(char *rest); /* what follows the word in the line */
    uint8_t quiet;           /* it answers for itself, without m-ready */
} nh_verb_t; /* a list ends with a NULL word */

typedef struct {
    uint32_t lines;   /* that were understood */
    uint32_t dropped; /* too long, no text, or no verb */
} nh_link_counts_t;
extern nh_link_counts_t nh_link_counts;

/* The verbs that all applications share, those of its kind, its own; each list may be NULL. */
void nh_link_start(const nh_verb_t *shared, const nh_verb_t *of_kind, const nh_verb_t *own);

/* Takes what has arrived until a line is answered; 0 when nothing is left to take. */
int nh_link_poll(void);

/* The list of verbs. */
void nh_link_help(void);

#endif
