/* Pico, Pico 2: an I2S microphone by the I2S library of Arduino-Pico (earlephilhower). */
#include "board.h"

#if defined(ON_PICO)
#include <I2S.h>

#ifndef HAL_MIC_SCK
#define HAL_MIC_SCK 10 /* WS is the next one */
#define HAL_MIC_SD 12
#endif

static I2S line(INPUT);

bool mic_begin(uint32_t rate_hz) {
    line.setBCLK(HAL_MIC_SCK);
    line.setDATA(HAL_MIC_SD);
    line.setBitsPerSample(32);
    return line.begin(static_cast<long>(rate_hz));
}

void mic_end(void) { line.end(); }

uint32_t mic_poll(void) {
    int32_t left = 0, right = 0;
    while (mic_room() && line.available() >= 8 && line.read32(&left, &right)) mic_push(left >> 8);
    return line.getOverUnderflow() ? 1u : 0u;
}
#endif
