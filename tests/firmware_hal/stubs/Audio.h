/* PJRC's audio library. */
#include <stdint.h>
#define AUDIO_BLOCK_SAMPLES 128
void audio_memory(unsigned int blocks);
#define AudioMemory(blocks) audio_memory(blocks)
class AudioStream {};
class AudioInputI2S : public AudioStream {};
class AudioRecordQueue : public AudioStream {
  public:
    void begin();
    void end();
    int available();
    int16_t *readBuffer();
    void freeBuffer();
};
class AudioConnection {
  public:
    AudioConnection(AudioStream &source, unsigned char out, AudioStream &destination, unsigned char in);
};
