/* Of Arduino's interface what firmware/lib/hal/arduino calls: declarations to compile against, nothing behind them. */
#ifndef STUB_ARDUINO_H
#define STUB_ARDUINO_H
#include <stddef.h>
#include <stdint.h>

#define HIGH 1
#define LOW 0
#define INPUT 0
#define OUTPUT 1
#define LED_BUILTIN 13

void pinMode(int pin, int mode);
void digitalWrite(int pin, int value);
void delay(unsigned long ms);
extern "C" void yield(void);
void noInterrupts();
void interrupts();
void setup();
void loop();

class Stream {
  public:
    void begin(unsigned long baud);
    int available();
    int read();
    size_t write(uint8_t byte);
    void flush();
};
extern Stream Serial;

#if defined(ARDUINO_ARCH_ESP32)
class EspClass {
  public:
    uint32_t getCycleCount();
    void restart();
};
extern EspClass ESP;
#elif defined(ARDUINO_ARCH_RP2040)
class RP2040 {
  public:
    uint32_t getCycleCount();
    void reboot();
    void wdt_begin(uint32_t delay_ms);
    void wdt_reset();
};
extern RP2040 rp2040;
#endif
#endif
