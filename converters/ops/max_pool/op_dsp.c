/* MAX_POOL_2D, Armv7E-M: four channels in a word. */
#include "../include/dsp.h"
#include "../include/pool.h"

/* The larger of each pair of signed bytes. */
NH_INLINE uint32_t nh_max_bytes(uint32_t a, uint32_t b) {
    uint32_t r;
    __asm("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

NH_INLINE void nh_max_word(const nh_pool_window_t *w, int32_t c, int8_t *y) {
    uint32_t most = 0x80808080u;
    for (int32_t t = 0; t < w->rows; t++) {
        const int8_t *at = nh_ring_row(w->x, w->first + t * w->row) + c;
        for (const int8_t *end = at + w->bytes; at != end; at += w->c) most = nh_max_bytes(most, nh_word(at));
    }
    memcpy(y + c, &most, 4);
}

/* At least four channels; the last four may have been done already. */
NH_KERNEL void nh_max_pool_dsp_ring_s8(const nh_pool_t *p, const nh_ring_t *x, int8_t *y, void *scratch) {
    int8_t *out = y;
    (void)scratch;
    for (int32_t t = 0; t < p->y_t; t++) {
        for (int32_t f = 0; f < p->y_f; f++, out += p->c) {
            nh_pool_window_t w = nh_pool_window(p, x, t, f);
            for (int32_t c = 0; c < p->c; c += 4) nh_max_word(&w, nh_min(c, p->c - 4), out);
        }
    }
    nh_clamp_s8(y, p->y_t * p->y_f * p->c, p->low, p->high);
}

NH_KERNEL void nh_max_pool_dsp_s8(const nh_pool_t *p, const int8_t *x, int8_t *y, void *scratch) {
    nh_ring_t plain = nh_plain(x, p->x_t * p->x_f * p->c);
    nh_max_pool_dsp_ring_s8(p, &plain, y, scratch);
}
