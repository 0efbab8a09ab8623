/* Which of Arduino's cores this is, and what its microphone does for mic.cpp. */
#ifndef NH_ARDUINO_BOARD_H
#define NH_ARDUINO_BOARD_H
#include <Arduino.h>

#if defined(ARDUINO_ARCH_MBED) || defined(ARDUINO_ARCH_MBED_NANO) || defined(ARDUINO_ARDUINO_NANO33BLE)
#define ON_MBED 1
#elif defined(ARDUINO_ARCH_ESP32)
#define ON_ESP32 1
#elif defined(ARDUINO_ARCH_RP2040)
#define ON_PICO 1
#elif defined(TEENSYDUINO)
#define ON_TEENSY 1
#else
#error "no core of Arduino that hal/arduino knows: Nano 33 BLE, ESP32, Pico (earlephilhower), Teensy 4"
#endif

#define _Noreturn [[noreturn]] /* C's word for it, which C++ lacks */
extern "C" {
#include "hal.h"
}

/* Of one kind of microphone each. */
bool mic_begin(uint32_t rate_hz);
void mic_end(void);
uint32_t mic_poll(void);  /* takes what has arrived, while there is room; blocks that the driver lost since */
void mic_push(int32_t x); /* a sample of 24 bits */
bool mic_room(void);      /* no block is full */
#endif
