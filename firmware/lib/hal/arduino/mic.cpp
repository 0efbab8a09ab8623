/* What all of Arduino's microphones share: samples into two halves. */
#include "board.h"

extern "C" {
#include "blocks.h"
}

static hal_blocks_t blocks;
static uint32_t place;

/* Also from an interrupt (mic_pdm.cpp). */
void mic_push(int32_t x) {
    blocks.half[blocks.filled & 1u].narrow[place] = hal_blocks_level(&blocks, x);
    if (++place < HAL_MIC_BLOCK) return;
    place = 0;
    blocks.filled = blocks.filled + 1u;
}

bool mic_room(void) { return blocks.filled == blocks.given; }

int hal_mic_start(uint32_t rate_hz) {
    hal_blocks_start(&blocks);
    place = 0;
    return mic_begin(rate_hz) ? 1 : 0;
}

void hal_mic_stop(void) { mic_end(); }

const int16_t *hal_mic_take(uint32_t *count) {
    blocks.overruns += mic_poll();
    return hal_blocks_take(&blocks, nullptr, count);
}

void hal_mic_give(void) { hal_blocks_give(&blocks); }
uint32_t hal_mic_overruns(void) { return blocks.overruns; }
uint32_t hal_mic_most(void) { return blocks.most; }
