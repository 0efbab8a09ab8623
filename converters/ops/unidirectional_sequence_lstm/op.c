/* UNIDIRECTIONAL_SEQUENCE_LSTM, portable. The next states may be in the place of the old ones. */
#include "../include/sigmoid.h"

enum { NH_LSTM_INPUT, NH_LSTM_FORGET, NH_LSTM_CELL, NH_LSTM_OUTPUT, NH_LSTM_GATES };

typedef struct {
    int32_t batch, times, features, size;
    int32_t step;                          /* rows from one time to the next: 1, or the batch when time is first */
    const int8_t *x_weights, *h_weights;   /* [size, gates, features], [size, gates, size] */
    const int32_t *x_bias, *h_bias;        /* [size, gates], zero points included */
    int32_t x_multiplier[4], x_shift[4], h_multiplier[4], h_shift[4]; /* of each gate, to Q3.12 */
    int32_t multiplier[3], shift[3];       /* forget * cell, input * candidate, output * tanh */
    int32_t tanh_multiplier, tanh_shift;   /* of a cell */
    int32_t clip, y_zero;                  /* clip 0: none */
    const uint16_t *sigmoid;
} nh_lstm_t;

NH_INLINE int32_t nh_lstm_s16(int32_t v) { return nh_clamp(v, -32768, 32767); }

NH_INLINE int32_t nh_lstm_dot(int32_t sum, const int8_t *x, const int8_t *w, int32_t n) {
    for (int32_t i = 0; i < n; i++) sum += x[i] * w[i];
    return sum;
}

/* Gate `g` of unit `u`, before its activation: Q3.12. */
NH_KERNEL int32_t nh_lstm_gate(const nh_lstm_t *p, const int8_t *x, const int8_t *h, int32_t u, int32_t g) {
    int32_t at = u * NH_LSTM_GATES + g;
    int32_t of_x = nh_lstm_dot(p->x_bias[at], x, p->x_weights + at * p->features, p->features);
    int32_t of_h = nh_lstm_dot(p->h_bias[at], h, p->h_weights + at * p->size, p->size);
    of_x = nh_lstm_s16(nh_multiply(of_x, p->x_multiplier[g], p->x_shift[g]));
    of_h = nh_lstm_s16(nh_multiply(of_h, p->h_multiplier[g], p->h_shift[g]));
    return nh_lstm_s16(of_x + of_h);
}

/* One row in time: hidden state `h` -> `y`; cells change from `c` to `next`. */
NH_KERNEL void nh_lstm_row(const nh_lstm_t *p, const int8_t *x, const int8_t *h, const int16_t *c, int8_t *y,
                           int16_t *next) {
    for (int32_t u = 0; u < p->size; u++) {
        int32_t in = nh_logistic_q15(p->sigmoid, nh_lstm_gate(p, x, h, u, NH_LSTM_INPUT));
        int32_t forget = nh_logistic_q15(p->sigmoid, nh_lstm_gate(p, x, h, u, NH_LSTM_FORGET));
        int32_t candidate = nh_tanh_q15(p->sigmoid, nh_lstm_gate(p, x, h, u, NH_LSTM_CELL), 3, 0);
        int32_t out = nh_logistic_q15(p->sigmoid, nh_lstm_gate(p, x, h, u, NH_LSTM_OUTPUT));
        int32_t cell = nh_lstm_s16(nh_multiply(forget * c[u], p->multiplier[0], p->shift[0]));
        cell = nh_lstm_s16(cell + nh_lstm_s16(nh_multiply(in * candidate, p->multiplier[1], p->shift[1])));
        if (p->clip > 0) cell = nh_clamp(cell, -p->clip, p->clip);
        next[u] = (int16_t)cell;
        out *= nh_tanh_q15(p->sigmoid, cell, p->tanh_multiplier, p->tanh_shift);
        y[u] = (int8_t)nh_clamp(nh_multiply(out, p->multiplier[2], p->shift[2]) + p->y_zero, -128, 127);
    }
}

NH_KERNEL void nh_lstm_s8(const nh_lstm_t *p, const int8_t *x, const int8_t *hidden, const int16_t *cell, int8_t *y,
                          int8_t *next_hidden, int16_t *next_cell, void *scratch) {
    (void)scratch;
    for (int32_t n = 0; n < p->batch; n++) {
        /* Row of this batch at time 0; the row before in y is the hidden state of every later time. */
        int32_t row = p->step == 1 ? n * p->times : n, state = n * p->size;
        const int8_t *h = hidden + state;
        const int16_t *c = cell + state;
        for (int32_t t = 0; t < p->times; t++, row += p->step) {
            nh_lstm_row(p, x + row * p->features, h, c, y + row * p->size, next_cell + state);
            h = y + row * p->size;
            c = next_cell + state;
        }
        memcpy(next_hidden + state, h, (size_t)p->size);
    }
}
