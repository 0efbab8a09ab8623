/* See nh_frontend.h. The integers are specified in edge/frontend/spec.py, step by step in the same order.
 *
 * A right shift of a negative number is taken to be arithmetic, as in every compiler for our targets.
 */
#include "nh_frontend.h"

#include <string.h>

/* On x86-64 the loops over 32 x 32 -> 64 bit products are compiled twice and chosen at load time: the
 * baseline lacks a signed widening multiplication. Integers are the same either way. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(NH_FRONTEND_NO_CLONES)
#define NH_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define NH_CLONES
#endif

/* Upper half of a sum of products; one register of the pair on a 32-bit core. */
static inline int32_t high_word(int64_t sum) {
    return (int32_t)(uint32_t)((uint64_t)sum >> 32);
}

#if defined(__ARM_ARCH_6M__) && !defined(NH_FRONTEND_SHORT_PRODUCTS)
#define NH_FRONTEND_SHORT_PRODUCTS /* Armv6-M multiplies 32 bits to 32; its library's 64 take three times as long */
#endif

#ifdef NH_FRONTEND_SHORT_PRODUCTS

/* Exact, of four products of 16 bits; neither middle sum leaves 32 bits. */
static inline int64_t mul(int32_t a, int32_t b) {
    const int32_t a_low = a & 0xFFFF, a_high = a >> 16, b_low = b & 0xFFFF, b_high = b >> 16;
    const uint32_t low = (uint32_t)a_low * (uint32_t)b_low;
    const int32_t middle = a_high * b_low + (int32_t)(low >> 16);
    const int32_t other = b_high * a_low + (middle & 0xFFFF);
    const int32_t high = a_high * b_high + (middle >> 16) + (other >> 16);
    return (int64_t)((uint64_t)(uint32_t)high << 32 | ((uint32_t)other << 16 | (low & 0xFFFFU)));
}

static inline uint64_t mul_q15(uint32_t a, uint16_t weight_q15) {
    return ((uint64_t)((a >> 16) * weight_q15) << 16) + (a & 0xFFFFU) * weight_q15;
}

#else

static inline int64_t mul(int32_t a, int32_t b) {
    return (int64_t)a * b;
}

static inline uint64_t mul_q15(uint32_t a, uint16_t weight_q15) {
    return (uint64_t)weight_q15 * a;
}

#endif

/* Sample pair n, windowed, as a complex number: even sample real, odd sample imaginary. The shift leaves
 * room for the sums of the first stage, which therefore needs no rounding of its own. */
static inline void windowed_pair(const nh_frontend_t *fe, uint32_t n, uint32_t shift, int32_t *re, int32_t *im) {
    const nh_frontend_config_t *c = fe->config;
    const int32_t half = (int32_t)1 << (shift - 1U);
    *re = 0;
    *im = 0;
    if (2U * n < c->window_samples) {
        *re = (fe->history[2U * n] * (int32_t)c->window_q16[2U * n] + half) >> shift;
        *im = (fe->history[2U * n + 1U] * (int32_t)c->window_q16[2U * n + 1U] + half) >> shift;
    }
}

/* Window and first stage when log2(points) is odd: butterflies of two. */
static void window_radix2(const nh_frontend_t *fe, int32_t *re, int32_t *im, uint32_t points) {
    for (uint32_t i = 0; i < points / 2U; ++i) {
        const uint32_t n = fe->config->order[i];
        int32_t ar, ai, br, bi;
        windowed_pair(fe, n, 2U, &ar, &ai);
        windowed_pair(fe, n + points / 2U, 2U, &br, &bi);
        re[2U * i] = ar + br;
        im[2U * i] = ai + bi;
        re[2U * i + 1U] = ar - br;
        im[2U * i + 1U] = ai - bi;
    }
}

/* Window and first stage when log2(points) is even: butterflies of four, all twiddles one. */
static void window_radix4(const nh_frontend_t *fe, int32_t *re, int32_t *im, uint32_t points) {
    for (uint32_t i = 0; i < points / 4U; ++i) {
        const uint32_t n = fe->config->order[i];
        int32_t ar, ai, br, bi, cr, ci, dr, di;
        windowed_pair(fe, n, 3U, &ar, &ai);
        windowed_pair(fe, n + points / 4U, 3U, &br, &bi);
        windowed_pair(fe, n + points / 2U, 3U, &cr, &ci);
        windowed_pair(fe, n + points / 4U * 3U, 3U, &dr, &di);
        re[4U * i] = (ar + cr) + (br + dr);
        im[4U * i] = (ai + ci) + (bi + di);
        re[4U * i + 1U] = (ar - cr) + (bi - di);
        im[4U * i + 1U] = (ai - ci) - (br - dr);
        re[4U * i + 2U] = (ar + cr) - (br + dr);
        im[4U * i + 2U] = (ai + ci) - (bi + di);
        re[4U * i + 3U] = (ar - cr) - (bi - di);
        im[4U * i + 3U] = (ai - ci) + (br - dr);
    }
}

/* One block of radix-4 butterflies, decimation in time. Each leg is scaled by 1/4: a Q30 twiddle and the
 * upper word of a 64-bit sum do that without a shift. */
static inline void butterflies(int32_t *restrict r0, int32_t *restrict r1, int32_t *restrict r2,
                               int32_t *restrict r3, int32_t *restrict i0, int32_t *restrict i1,
                               int32_t *restrict i2, int32_t *restrict i3, const int32_t *restrict w,
                               uint32_t quarter) {
    const int64_t half = (int64_t)1 << 31;
    const int32_t *restrict w1r = w, *restrict w1i = w + quarter;
    const int32_t *restrict w2r = w + 2U * quarter, *restrict w2i = w + 3U * quarter;
    const int32_t *restrict w3r = w + 4U * quarter, *restrict w3i = w + 5U * quarter;
    for (uint32_t k = 0; k < quarter; ++k) {
        const int32_t ar = (r0[k] + 2) >> 2;
        const int32_t ai = (i0[k] + 2) >> 2;
        const int32_t br = high_word(mul(r1[k], w1r[k]) - mul(i1[k], w1i[k]) + half);
        const int32_t bi = high_word(mul(r1[k], w1i[k]) + mul(i1[k], w1r[k]) + half);
        const int32_t cr = high_word(mul(r2[k], w2r[k]) - mul(i2[k], w2i[k]) + half);
        const int32_t ci = high_word(mul(r2[k], w2i[k]) + mul(i2[k], w2r[k]) + half);
        const int32_t dr = high_word(mul(r3[k], w3r[k]) - mul(i3[k], w3i[k]) + half);
        const int32_t di = high_word(mul(r3[k], w3i[k]) + mul(i3[k], w3r[k]) + half);
        r0[k] = (ar + cr) + (br + dr);
        i0[k] = (ai + ci) + (bi + di);
        r1[k] = (ar - cr) + (bi - di);
        i1[k] = (ai - ci) - (br - dr);
        r2[k] = (ar + cr) - (br + dr);
        i2[k] = (ai + ci) - (bi + di);
        r3[k] = (ar - cr) - (bi - di);
        i3[k] = (ai - ci) + (br - dr);
    }
}

NH_CLONES static void radix4_stage(int32_t *re, int32_t *im, uint32_t points, uint32_t quarter,
                                   const int32_t *w) {
    for (uint32_t block = 0; block < points; block += 4U * quarter) {
        int32_t *r = re + block, *i = im + block;
        butterflies(r, r + quarter, r + 2U * quarter, r + 3U * quarter, i, i + quarter, i + 2U * quarter,
                    i + 3U * quarter, w, quarter);
    }
}

/* Windowed spectrum of the history as a complex FFT of sample pairs, scaled by 2^15 / points. */
static void transform(const nh_frontend_t *fe, int32_t *re, int32_t *im, uint32_t points) {
    const int32_t *w = fe->config->twiddle_q30;
    uint32_t quarter;
    if ((points & 0x55555555U) != 0U) { /* an even power of two */
        window_radix4(fe, re, im, points);
        quarter = 4U;
    } else {
        window_radix2(fe, re, im, points);
        quarter = 2U;
    }
    for (; quarter < points; quarter *= 4U) {
        radix4_stage(re, im, points, quarter, w);
        w += 6U * quarter;
    }
}

/* Squared magnitude of bins k and points - k of the real signal, from the FFT of its pairs. The power
 * replaces the spectrum: upper words in re, lower words in im, so that no further memory is needed. */
static inline void split_loop(int32_t *restrict re, int32_t *restrict im, int32_t *restrict re_end,
                              int32_t *restrict im_end, const int32_t *restrict w, uint32_t count,
                              uint32_t quarter) {
    const int32_t one_q30 = (int32_t)1 << 30;
    for (uint32_t j = 0; j < count; ++j) {
        int32_t *const zr = re_end - j, *const zi = im_end - j;
        const int32_t er = re[j] + *zr, ei = im[j] - *zi;
        const int32_t odd_r = re[j] - *zr, odd_i = im[j] + *zi;
        const int64_t tr = mul(w[j], odd_i) + mul(w[quarter + j], odd_r);
        const int64_t ti = mul(w[quarter + j], odd_i) - mul(w[j], odd_r);
        const int64_t sr = mul(er, one_q30) + one_q30, si = mul(ei, one_q30) + one_q30;
        const int32_t xr = high_word((sr + tr) * 2), xi = high_word((si + ti) * 2);
        const int32_t yr = high_word((sr - tr) * 2), yi = high_word((si - ti) * 2);
        const uint64_t x = (uint64_t)(mul(xr, xr) + mul(xi, xi));
        const uint64_t y = (uint64_t)(mul(yr, yr) + mul(yi, yi));
        re[j] = (int32_t)(uint32_t)(x >> 32);
        im[j] = (int32_t)(uint32_t)x;
        *zr = (int32_t)(uint32_t)(y >> 32);
        *zi = (int32_t)(uint32_t)y;
    }
}

NH_CLONES static void split_power(int32_t *re, int32_t *im, uint32_t points, const int32_t *w) {
    const uint32_t quarter = points / 2U; /* a quarter of the real FFT */
    /* Bin `quarter` is its own mirror; both of its results are the same, so it goes last and alone. */
    split_loop(re + 1, im + 1, re + points - 1U, im + points - 1U, w, quarter - 1U, quarter);
    const int64_t r = re[quarter], i = im[quarter];
    const uint64_t power = (uint64_t)(r * r + i * i);
    re[quarter] = (int32_t)(uint32_t)(power >> 32);
    im[quarter] = (int32_t)(uint32_t)power;
}

/* Weighted power of one band: exact products of both words, so that neither quiet nor loud bins suffer. */
static inline uint64_t band_power(const uint32_t *restrict high, const uint32_t *restrict low,
                                  const uint16_t *restrict weight_q15, uint32_t size) {
    uint64_t high_sum = 0, low_sum = 0;
    for (uint32_t k = 0; k < size; ++k) {
        high_sum += mul_q15(high[k], weight_q15[k]);
        low_sum += mul_q15(low[k], weight_q15[k]);
    }
    return ((high_sum << 17) + (low_sum >> 15));
}

static inline uint32_t leading_bit(uint64_t value) {
#if defined(__GNUC__)
    return 63U - (uint32_t)__builtin_clzll(value);
#else
    uint32_t bit = 0;
    while (value >>= 1) {
        ++bit;
    }
    return bit;
#endif
}

/* log2(power) in 1/256 octave, to about half a unit: table of 64 steps, straight lines between. 0 gives 0. */
static inline int16_t log2_q8(uint64_t power, const uint16_t *table_q15) {
    if (power == 0U) {
        return 0;
    }
    const uint32_t octave = leading_bit(power);
    const uint32_t mantissa = (uint32_t)((power << (63U - octave)) >> 32); /* leading one in bit 31 */
    const uint32_t step = (mantissa >> 25) & 63U;
    const uint32_t rest_q16 = (mantissa >> 9) & 0xFFFFU;
    const uint32_t low = table_q15[step], rise = (uint32_t)table_q15[step + 1U] - low;
    const uint32_t fraction_q15 = low + ((rise * rest_q16 + 0x8000U) >> 16);
    return (int16_t)(octave * 256U + ((fraction_q15 + 64U) >> 7));
}

NH_CLONES static void log_bands(const nh_frontend_config_t *c, const uint32_t *high, const uint32_t *low,
                                int16_t *log_mel) {
    const uint16_t *weight_q15 = c->weight_q15;
    for (uint32_t band = 0; band < c->bands; ++band) {
        const uint32_t start = c->band_start[band], size = c->band_size[band];
        log_mel[band] = log2_q8(band_power(high + start, low + start, weight_q15, size), c->log2_q15);
        weight_q15 += size;
    }
}

static void frame(const nh_frontend_t *fe, int16_t *log_mel) {
    const uint32_t points = fe->config->fft_size / 2U;
    int32_t *re = fe->work, *im = fe->work + points;
    transform(fe, re, im, points);
    split_power(re, im, points, fe->config->split_q30);
    log_bands(fe->config, (const uint32_t *)re, (const uint32_t *)im, log_mel);
}

void nh_frontend_init(nh_frontend_t *fe, const nh_frontend_config_t *config, int32_t *work, int16_t *history) {
    fe->config = config;
    fe->work = work;
    fe->history = history;
    nh_frontend_reset(fe);
}

void nh_frontend_reset(nh_frontend_t *fe) {
    fe->filled = 0;
    /* The odd sample of the last pair may lie behind the window; its weight is zero. */
    fe->history[NH_FRONTEND_HISTORY_SAMPLES(fe->config->window_samples) - 1] = 0;
}

uint32_t nh_frontend_frames(const nh_frontend_t *fe, uint32_t count) {
    const nh_frontend_config_t *c = fe->config;
    const uint32_t missing = c->window_samples - fe->filled;
    return count < missing ? 0U : (count - missing) / c->hop_samples + 1U;
}

uint32_t nh_frontend_push(nh_frontend_t *fe, const int16_t *samples, uint32_t count, int16_t *log_mel) {
    const uint32_t window = fe->config->window_samples, hop = fe->config->hop_samples;
    uint32_t frames = 0;
    while (count > 0U) {
        const uint32_t missing = window - fe->filled;
        const uint32_t taken = count < missing ? count : missing;
        memcpy(fe->history + fe->filled, samples, taken * sizeof(*samples));
        fe->filled += taken;
        samples += taken;
        count -= taken;
        if (fe->filled == window) {
            frame(fe, log_mel);
            log_mel += fe->config->bands;
            ++frames;
            fe->filled = window - hop;
            memmove(fe->history, fe->history + hop, fe->filled * sizeof(*samples));
        }
    }
    return frames;
}

void nh_frontend_quantize(const nh_frontend_config_t *config, const int16_t *log_mel, uint32_t count,
                          int8_t *features) {
    const int32_t bias = ((int32_t)1 << config->shift >> 1) - config->offset;
    for (uint32_t i = 0; i < count; ++i) {
        const int32_t q = (log_mel[i] + bias) >> config->shift;
        features[i] = (int8_t)(q < -128 ? -128 : q > 127 ? 127 : q);
    }
}
