/* Teensy 4: an I2S microphone by PJRC's audio library, its clock set from 44.1 kHz to 16 kHz. */
#include "board.h"

#if defined(ON_TEENSY)
#include <Audio.h>
#include <utility/imxrt_hw.h>

#define BLOCKS 24
/* 24 MHz * (27 + 23/75) = 655.36 MHz; / 4 / 40 = 4.096 MHz = 256 * 16 kHz */
#define PLL_WHOLE 27
#define PLL_PART 23
#define PLL_PARTS 75
#define BEFORE 4u
#define AFTER 40u
#define DIVIDERS (*(volatile uint32_t *)0x400FC028u) /* CCM_CS1CDR */
#define SAI1_MASK (7u << 6 | 63u)

static AudioInputI2S input;
static AudioRecordQueue queue;
static AudioConnection wire(input, 0, queue, 0);

bool mic_begin(uint32_t rate_hz) {
    if (rate_hz != 16000u) return false;
    AudioMemory(BLOCKS);
    set_audioClock(PLL_WHOLE, PLL_PART, PLL_PARTS, true);
    DIVIDERS = (DIVIDERS & ~SAI1_MASK) | (BEFORE - 1u) << 6 | (AFTER - 1u);
    queue.begin();
    return true;
}

void mic_end(void) { queue.end(); }

/* A queue that is full drops what comes, which nobody counts: half of it is taken for too late. */
uint32_t mic_poll(void) {
    const uint32_t late = queue.available() > BLOCKS / 2 ? 1u : 0u;
    while (mic_room() && queue.available() > 0) {
        const int16_t *samples = queue.readBuffer();
        for (uint32_t i = 0; i < AUDIO_BLOCK_SAMPLES; i++) mic_push(samples[i] * 256);
        queue.freeBuffer();
    }
    return late;
}
#endif
