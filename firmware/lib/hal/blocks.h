/* A microphone's samples in two halves of a buffer: DMA fills one, the program reads the other as 16 bits. */
#ifndef NH_BLOCKS_H
#define NH_BLOCKS_H
#include <stddef.h>
#include <stdint.h>

#ifndef HAL_MIC_BLOCK
#define HAL_MIC_BLOCK 640u /* samples of a half: 40 ms at 16 kHz, a step of the bundled models */
#endif
#ifndef HAL_MIC_STRIDE
#define HAL_MIC_STRIDE 1u /* words from one sample to the next */
#endif
#ifndef HAL_MIC_GAIN_BITS
#define HAL_MIC_GAIN_BITS 3 /* speech at a metre is some 60 dB below what these microphones can bear */
#endif
#define HAL_MIC_WORDS (HAL_MIC_BLOCK * HAL_MIC_STRIDE)
#define HAL_MIC_OFFSET_BITS 10 /* the offset follows within some 2^10 samples: 2.5 Hz at 16 kHz */
#define HAL_MIC_OFFSET_FRACTION 6

typedef union {
    volatile uint32_t wide[HAL_MIC_WORDS]; /* as the peripheral delivers */
    int16_t narrow[2u * HAL_MIC_WORDS];    /* converted in place, from the front */
} hal_half_t;

typedef struct {
    hal_half_t half[2];
    volatile uint32_t filled; /* halves since the start; the interrupt counts */
    uint32_t given, most, overruns;
    int32_t offset; /* the constant part: 24 bits and HAL_MIC_OFFSET_FRACTION */
    uint8_t primed, converted;
} hal_blocks_t;

static inline void hal_blocks_start(hal_blocks_t *b) {
    b->filled = 0;
    b->given = 0;
    b->primed = 0;
    b->converted = 0;
}

/* Without the constant part, louder by the gain, within 16 bits. x: 24 bits. */
static inline int16_t hal_blocks_level(hal_blocks_t *b, int32_t x) {
    const int32_t fine = x * (1 << HAL_MIC_OFFSET_FRACTION);
    if (!b->primed) b->offset = fine;
    b->primed = 1;
    b->offset += (fine - b->offset) >> HAL_MIC_OFFSET_BITS;
    const int32_t y = (fine - b->offset) >> (8 + HAL_MIC_OFFSET_FRACTION - HAL_MIC_GAIN_BITS);
    return (int16_t)(y > INT16_MAX ? INT16_MAX : y < INT16_MIN ? INT16_MIN : y);
}

/* sample: a word of the peripheral to 24 bits; NULL where samples are narrow already. */
static inline const int16_t *hal_blocks_take(hal_blocks_t *b, int32_t (*sample)(uint32_t), uint32_t *count) {
    const uint32_t pending = b->filled - b->given;
    *count = 0;
    if (pending > b->most) b->most = pending;
    if (pending == 0u) return NULL;
    if (pending > 1u) { /* the oldest is being filled again */
        b->overruns += pending - 1u;
        b->given += pending - 1u;
        b->converted = 0;
    }
    hal_half_t *half = &b->half[b->given & 1u];
    for (uint32_t i = 0; i < HAL_MIC_BLOCK && sample && !b->converted; i++) {
        half->narrow[i] = hal_blocks_level(b, sample(half->wide[i * HAL_MIC_STRIDE]));
    }
    b->converted = 1;
    *count = HAL_MIC_BLOCK;
    return half->narrow;
}

static inline void hal_blocks_give(hal_blocks_t *b) {
    if (!b->converted) return;
    if (b->filled - b->given > 1u) b->overruns++; /* while it was read */
    b->given++;
    b->converted = 0;
}
#endif
