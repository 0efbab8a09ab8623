/* Arduino-Pico (earlephilhower). */
#include <stdint.h>
class I2S {
  public:
    explicit I2S(int direction);
    bool setBCLK(int pin);
    bool setDATA(int pin);
    bool setBitsPerSample(int bps);
    bool begin(long sampleRate);
    bool end();
    int available();
    bool read32(int32_t *l, int32_t *r);
    bool getOverUnderflow();
};
