/* Recordings through the line: blocks of samples in order, each with its number and its checksum. */
#ifndef NH_AUDIO_H
#define NH_AUDIO_H
#include <stdint.h>

#define NH_AUDIO_BLOCK 96u /* samples of a block at most */

typedef struct {
    uint32_t left;     /* samples still to come */
    uint32_t total;    /* of this recording */
    uint32_t damaged;  /* blocks that were asked for again, since the start */
    uint16_t next;     /* number of the block that is expected */
    uint8_t asked;     /* that block was asked for; what comes meanwhile is ignored */
} nh_audio_t;

/* `audio N` has announced so many samples. */
void nh_audio_begin(nh_audio_t *a, uint32_t samples);

/* The text behind `a`: number, CRC-16 of the number and the bytes, base64 of int16 samples. Decodes them where the
   line was; returns their count and where they are. 0: nothing to hear; what must be said has been said. */
uint32_t nh_audio_take(nh_audio_t *a, char *rest, const int16_t **samples);

/* So many samples, all of a block, were heard: acknowledges it, and the recording with its last one. */
void nh_audio_done(nh_audio_t *a, uint32_t samples);

#endif
