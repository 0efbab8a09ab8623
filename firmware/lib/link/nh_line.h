/* Bytes to lines: whatever arrives, memory is bounded and the next line starts clean. */
#ifndef NH_LINE_H
#define NH_LINE_H
#include <stdint.h>

/* Bytes of a line with its terminating zero: a block of 96 samples in base64, or 140 bytes in hex. */
#define NH_LINE_BYTES 288u

typedef enum {
    NH_LINE_OPEN,    /* no end yet */
    NH_LINE_WHOLE,   /* text holds a line of at least one character */
    NH_LINE_LONG,    /* a line ended that was longer than the memory; its text is lost */
    NH_LINE_DAMAGED, /* a line ended that had bytes which are no text; its text is lost */
} nh_line_state_t;

typedef struct {
    char text[NH_LINE_BYTES] __attribute__((aligned(4))); /* samples are decoded where the line was */
    uint16_t length;
    uint8_t failed; /* an nh_line_state_t: what the open line will be called */
} nh_line_t;

void nh_line_reset(nh_line_t *line);

/* Takes one byte. Lines end with CR, LF or the '%' of the MLPerf Tiny runner; empty ones are nothing. */
nh_line_state_t nh_line_take(nh_line_t *line, uint8_t byte);

#endif
