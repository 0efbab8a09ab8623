/* Reads int16 samples from stdin, writes each frame's int16 log-mel and int8 features to stdout. */
#include <stdio.h>

#include "tables.h"

static int32_t work[NH_FRONTEND_WORK_SIZE];
static int16_t history[NH_FRONTEND_HISTORY_SIZE];

int main(void) {
    static int16_t samples[NH_FRONTEND_HOP_SAMPLES], log_mel[NH_FRONTEND_BANDS];
    static int8_t features[NH_FRONTEND_BANDS];
    nh_frontend_t frontend;
    size_t count;
    nh_frontend_init(&frontend, &nh_frontend_config, work, history);
    while ((count = fread(samples, sizeof(samples[0]), NH_FRONTEND_HOP_SAMPLES, stdin)) > 0) {
        if (nh_frontend_push(&frontend, samples, (uint32_t)count, log_mel) > 0) {
            nh_frontend_quantize(&nh_frontend_config, log_mel, NH_FRONTEND_BANDS, features);
            fwrite(log_mel, sizeof(log_mel[0]), NH_FRONTEND_BANDS, stdout);
            fwrite(features, sizeof(features[0]), NH_FRONTEND_BANDS, stdout);
        }
    }
    fprintf(stderr, "%d", (int)NH_FRONTEND_STATE_BYTES(NH_FRONTEND_WINDOW_SAMPLES, NH_FRONTEND_FFT_SIZE));
    return 0;
}
