/* Arduino-Pico, and Teensy's, which has neither begin nor commit. */
#include <stddef.h>
#include <stdint.h>
class EEPROMClass {
  public:
    uint8_t read(int address);
    void write(int address, uint8_t value);
#if defined(ARDUINO_ARCH_RP2040)
    void begin(size_t size);
    bool commit();
#endif
};
extern EEPROMClass EEPROM;
