/* RESIZE_BILINEAR, portable. */
#include "../include/nh.h"

typedef struct {
    int32_t batch, x_t, x_f, channels, y_t, y_f;
    int32_t first_t, first_f, step_t, step_f; /* in 1/1024 of the input's positions */
} nh_resize_bilinear_t;

/* The positions on both sides of a place on an axis, and the weight of the second; places beyond the border
   are the border. */
typedef struct {
    int32_t low, high, weight;
} nh_between_t;

NH_INLINE nh_between_t nh_between(int32_t place, int32_t length) {
    int32_t at = nh_clamp(place, 0, (length - 1) << 10);
    nh_between_t b = {at >> 10, nh_min((at >> 10) + 1, length - 1), at & 1023};
    return b;
}

NH_KERNEL void nh_resize_bilinear_s8(const nh_resize_bilinear_t *p, const int8_t *x, int8_t *y, void *scratch) {
    int32_t c_n = p->channels, row = p->x_f * c_n;
    (void)scratch;
    for (int32_t n = 0; n < p->batch; n++, x += p->x_t * row) {
        for (int32_t t = 0; t < p->y_t; t++) {
            nh_between_t v = nh_between(p->first_t + t * p->step_t, p->x_t);
            for (int32_t f = 0; f < p->y_f; f++) {
                nh_between_t h = nh_between(p->first_f + f * p->step_f, p->x_f);
                const int8_t *a = x + v.low * row + h.low * c_n, *b = x + v.low * row + h.high * c_n;
                const int8_t *c = x + v.high * row + h.low * c_n, *d = x + v.high * row + h.high * c_n;
                int32_t w_d = v.weight * h.weight, w_c = (v.weight << 10) - w_d;
                int32_t w_b = (h.weight << 10) - w_d, w_a = (1 << 20) - w_b - w_c - w_d;
                for (int32_t i = 0; i < c_n; i++) {
                    int32_t sum = a[i] * w_a + b[i] * w_b + c[i] * w_c + d[i] * w_d;
                    *y++ = (int8_t)nh_divide_by_pot(sum, 20);
                }
            }
        }
    }
}
