/* PAD and PADV2: the rows of x with fill between them, written from the first byte to the last. */
#include "../include/box.h"

typedef struct {
    nh_box_t box;
    int32_t bytes;    /* of y */
    int32_t width;    /* bytes of the value, or 1 when they are all equal */
    uint8_t value[4]; /* what stands around */
} nh_pad_t;

NH_INLINE void nh_pad_fill(const nh_pad_t *p, uint8_t *y, const uint8_t *end) {
    size_t bytes = (size_t)(end - y);
    if (p->width == 1) {
        if (bytes > 0) memset(y, p->value[0], bytes);
    } else {
        for (; y < end; y += p->width) memcpy(y, p->value, (size_t)p->width);
    }
}

NH_KERNEL void nh_pad(const nh_pad_t *p, const void *x, void *y, void *scratch) {
    const nh_box_t *b = &p->box;
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y + b->y_first, *done = (uint8_t *)y;
    int32_t index[NH_BOX_AXES] = {0};
    (void)scratch;
    do {
        for (int32_t i = 0; i < b->count[0]; i++) {
            uint8_t *row = to + i * b->y_step[0];
            nh_pad_fill(p, done, row);
            memcpy(row, from + i * b->x_step[0], (size_t)b->run);
            done = row + b->run;
        }
    } while (nh_box_next(b, index, &from, &to));
    nh_pad_fill(p, done, (uint8_t *)y + p->bytes);
}
