/* Integer log-mel front end: 16 kHz int16 samples in, int16 log band power out.
 *
 * The same source runs on a microcontroller and inside the Python wheel, and edge/frontend/spec.py states
 * the same integers in numpy. C99, no heap, no libm; every table is const and comes with the configuration
 * (edge/frontend/emit_header.py writes it for a board).
 */
#ifndef NH_FRONTEND_H
#define NH_FRONTEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Words of scratch: one complex FFT of half the size, real parts first, then imaginary parts. */
#define NH_FRONTEND_WORK_WORDS(fft_size) (fft_size)
/* Samples of history: the window, rounded up to whole pairs. */
#define NH_FRONTEND_HISTORY_SAMPLES(window_samples) (((window_samples) + 1) & ~1)
/* All the RAM of one front end; known when compiling, so a board can refuse before it runs. */
#define NH_FRONTEND_STATE_BYTES(window_samples, fft_size)                                        \
    (sizeof(nh_frontend_t) + sizeof(int32_t) * (NH_FRONTEND_WORK_WORDS(fft_size)) +              \
     sizeof(int16_t) * (NH_FRONTEND_HISTORY_SAMPLES(window_samples)))

/* Parameters and tables; the tables' formulas are in edge/frontend/tables.py. */
typedef struct {
    uint16_t window_samples;
    uint16_t hop_samples;        /* 1..window_samples */
    uint16_t fft_size;           /* power of two, 64..4096, at least window_samples */
    uint16_t bands;
    int16_t offset;              /* int16 log-mel that becomes the int8 feature 0 */
    uint16_t shift;              /* one int8 step is 2^shift units of 1/256 octave */
    const uint16_t *window_q16;  /* [window_samples rounded up to even] */
    const uint16_t *order;       /* first sample pair of each butterfly of the first stage */
    const int32_t *twiddle_q30;  /* per radix-4 stage: w1 re, w1 im, w2 re, w2 im, w3 re, w3 im, each [quarter] */
    const int32_t *split_q30;    /* cos [fft_size / 4], then -sin [fft_size / 4] of bins 1, 2, ... */
    const uint16_t *band_start;  /* [bands] first bin, at least 1 */
    const uint16_t *band_size;   /* [bands] number of bins, at least 1 */
    const uint16_t *weight_q15;  /* [sum of band_size] */
    const uint16_t *log2_q15;    /* [65] log2(1 + i / 64) */
} nh_frontend_config_t;

/* One stream. Treat as opaque; the buffers belong to the caller. */
typedef struct {
    const nh_frontend_config_t *config;
    int32_t *work;
    int16_t *history;
    uint32_t filled; /* samples in history */
} nh_frontend_t;

/* Bind a stream to its tables and its memory: work [NH_FRONTEND_WORK_WORDS], history
 * [NH_FRONTEND_HISTORY_SAMPLES]. The memory must outlive the stream. */
void nh_frontend_init(nh_frontend_t *fe, const nh_frontend_config_t *config, int32_t *work, int16_t *history);

/* Forget all samples; the next frame comes after window_samples more. */
void nh_frontend_reset(nh_frontend_t *fe);

/* How many frames a push of `count` samples will give now. A push of at most hop_samples gives at most one. */
uint32_t nh_frontend_frames(const nh_frontend_t *fe, uint32_t count);

/* Take `count` samples, write the frames that they complete to log_mel [frames][bands], in 1/256 octave of
 * band power; returns the number of frames, which nh_frontend_frames() told beforehand. */
uint32_t nh_frontend_push(nh_frontend_t *fe, const int16_t *samples, uint32_t count, int16_t *log_mel);

/* int8 features of `count` log-mel values: clamp((x - offset + 2^(shift-1)) >> shift). */
void nh_frontend_quantize(const nh_frontend_config_t *config, const int16_t *log_mel, uint32_t count,
                          int8_t *features);

#ifdef __cplusplus
}
#endif

#endif
