/* Nano 33 BLE Sense: Arduino's PDM library, which calls from the interrupt of its own double buffer. */
#include "board.h"

#if defined(ON_MBED)
#include <PDM.h>

extern "C" {
#include "blocks.h"
}

#define SAMPLES 256
#ifndef HAL_PDM_GAIN
#define HAL_PDM_GAIN 20 /* the library's own default, in half decibels */
#endif

static int16_t arrived[SAMPLES];

static void receive() {
    const int bytes = PDM.available();
    const int most = static_cast<int>(sizeof arrived);
    PDM.read(arrived, static_cast<size_t>(bytes < most ? bytes : most));
    /* the library has a gain of its own */
    for (int i = 0; i < (bytes < most ? bytes : most) / 2; i++) mic_push(arrived[i] * 256 / (1 << HAL_MIC_GAIN_BITS));
}

bool mic_begin(uint32_t rate_hz) {
    PDM.onReceive(receive);
    PDM.setBufferSize(static_cast<int>(sizeof arrived));
    if (!PDM.begin(1, static_cast<int>(rate_hz))) return false;
    PDM.setGain(HAL_PDM_GAIN);
    return true;
}

void mic_end(void) { PDM.end(); }
uint32_t mic_poll(void) { return 0; }
#endif
