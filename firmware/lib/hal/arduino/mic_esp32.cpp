/* ESP32-S3, ESP32-C3: an I2S microphone by the driver of ESP-IDF 4.4, on which Arduino's core 2.0 stands. */
#include "board.h"

#if defined(ON_ESP32)
#include <driver/i2s.h>

#ifndef HAL_MIC_SCK
#define HAL_MIC_SCK 4
#define HAL_MIC_WS 5
#define HAL_MIC_SD 6
#endif
#define EVENTS 8
#define WORDS 64u

static QueueHandle_t events;

bool mic_begin(uint32_t rate_hz) {
    i2s_config_t config = {};
    config.mode = static_cast<i2s_mode_t>(I2S_MODE_MASTER | I2S_MODE_RX);
    config.sample_rate = rate_hz;
    config.bits_per_sample = I2S_BITS_PER_SAMPLE_32BIT;
    config.channel_format = I2S_CHANNEL_FMT_ONLY_LEFT;
    config.communication_format = I2S_COMM_FORMAT_STAND_I2S;
    config.dma_buf_count = 4;
    config.dma_buf_len = 256;
    i2s_pin_config_t pins = {};
    pins.mck_io_num = I2S_PIN_NO_CHANGE;
    pins.bck_io_num = HAL_MIC_SCK;
    pins.ws_io_num = HAL_MIC_WS;
    pins.data_out_num = I2S_PIN_NO_CHANGE;
    pins.data_in_num = HAL_MIC_SD;
    return i2s_driver_install(I2S_NUM_0, &config, EVENTS, &events) == ESP_OK && i2s_set_pin(I2S_NUM_0, &pins) == ESP_OK;
}

void mic_end(void) { i2s_driver_uninstall(I2S_NUM_0); }

uint32_t mic_poll(void) {
    int32_t words[WORDS];
    size_t bytes = 0;
    uint32_t lost = 0;
    i2s_event_t event;
    while (mic_room() && i2s_read(I2S_NUM_0, words, sizeof words, &bytes, 0) == ESP_OK && bytes) {
        for (size_t i = 0; i < bytes / sizeof *words; i++) mic_push(words[i] >> 8);
    }
    while (xQueueReceive(events, &event, 0) == pdTRUE) lost += event.type == I2S_EVENT_RX_Q_OVF ? 1u : 0u;
    return lost;
}
#endif
