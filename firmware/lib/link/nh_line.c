#include "nh_line.h"

void nh_line_reset(nh_line_t *line) {
    line->length = 0;
    line->failed = NH_LINE_OPEN;
}

static nh_line_state_t end(nh_line_t *line) {
    nh_line_state_t state = (nh_line_state_t)line->failed;
    if (state == NH_LINE_OPEN && line->length > 0u) state = NH_LINE_WHOLE;
    line->text[line->length] = '\0';
    nh_line_reset(line);
    return state;
}

nh_line_state_t nh_line_take(nh_line_t *line, uint8_t byte) {
    if (byte == '\n' || byte == '\r' || byte == '%') return end(line);
    if (byte < 0x20u || byte > 0x7Eu) {
        line->failed = NH_LINE_DAMAGED;
    } else if (line->length + 1u < NH_LINE_BYTES) {
        line->text[line->length++] = (char)byte;
    } else if (line->failed == NH_LINE_OPEN) {
        line->failed = NH_LINE_LONG;
    }
    return NH_LINE_OPEN;
}
