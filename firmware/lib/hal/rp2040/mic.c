/* An I2S microphone (INMP441, SPH0645) on PIO0: 64 clocks a frame, its left channel by two DMA channels in turn. */
#include "blocks.h"
#include "chip.h"

#ifndef HAL_MIC_CLOCK_PIN
#define HAL_MIC_CLOCK_PIN 10u /* SCK; WS is the next one */
#endif
#ifndef HAL_MIC_DATA_PIN
#define HAL_MIC_DATA_PIN 12u
#endif

#define FRAME_BITS 64u
#define STEPS_PER_BIT 2u
#define REQUEST_RX0 4u
#define CHANNEL(n) (DMA + 0x40u * (n))

/* What the two clock pins show during an instruction. */
#define LEFT_LOW (0u << 11)
#define LEFT_HIGH (1u << 11)
#define RIGHT_LOW (2u << 11)
#define RIGHT_HIGH (3u << 11)
#define IN 0x4001u      /* in pins, 1 */
#define NOTHING 0xA042u /* mov y, y */
#define LOOP 0x0040u    /* jmp x--, 0 */
#define COUNT 0xE03Du   /* set x, 29 */
#define PINS_OUT 0xE083u
#define START 9u

/* WS turns on the falling edge before a word's last bit; the first bit follows the second rising edge after that. */
static const uint16_t program[] = {
    IN | LEFT_HIGH,       (LOOP | 0u) | LEFT_LOW,   /* bits 31..2 of the left word */
    IN | LEFT_HIGH,       COUNT | RIGHT_LOW,        /* bit 1 */
    IN | RIGHT_HIGH,      NOTHING | RIGHT_LOW,      /* bit 0 */
    NOTHING | RIGHT_HIGH, (LOOP | 6u) | RIGHT_LOW,  /* the right word */
    NOTHING | RIGHT_HIGH, COUNT | LEFT_LOW,
    NOTHING | LEFT_HIGH,  NOTHING | LEFT_LOW,
};
#define LENGTH (sizeof program / sizeof *program)

static hal_blocks_t blocks;

static void start_machine(uint32_t rate_hz) {
    const uint64_t steps = (uint64_t)rate_hz * FRAME_BITS * STEPS_PER_BIT;
    for (uint32_t i = 0; i < LENGTH; i++) REGISTER(PIO0 + 0x48u + 4u * i) = program[i];
    REGISTER(PIO0 + 0xC8u) = (uint32_t)(((uint64_t)chip_hz() * 256u + steps / 2u) / steps) << 8;
    REGISTER(PIO0 + 0xCCu) = (uint32_t)(LENGTH - 1u) << 12; /* wraps to 0 */
    REGISTER(PIO0 + 0xD0u) = (1u << 16) | (1u << 31);       /* pushes 32 bits, the first on top; a FIFO of 8 */
    REGISTER(PIO0 + 0xDCu) =
        (2u << 29) | (2u << 26) | (HAL_MIC_DATA_PIN << 15) | (HAL_MIC_CLOCK_PIN << 10) | (HAL_MIC_CLOCK_PIN << 5);
    REGISTER(PIO0 + 0xD8u) = PINS_OUT;
    REGISTER(PIO0 + 0xD8u) = START; /* jmp */
}

static void start_channel(uint32_t n) {
    REGISTER(CHANNEL(n)) = PIO0 + 0x20u;
    REGISTER(CHANNEL(n) + 4u) = (uint32_t)(uintptr_t)blocks.half[n].wide;
    REGISTER(CHANNEL(n) + 8u) = HAL_MIC_WORDS;
    REGISTER(CHANNEL(n) + 0x10u) = DMA_CONTROL(1u - n, REQUEST_RX0); /* does not start it */
}

int hal_mic_start(uint32_t rate_hz) {
    if (rate_hz < 8000u || rate_hz > 48000u || (chip_emulated() && !HAL_MIC_EMULATED)) return 0;
    hal_blocks_start(&blocks);
    chip_release(RESET_PIO0 | RESET_DMA);
    chip_pin(HAL_MIC_CLOCK_PIN, FUNCTION_PIO0);
    chip_pin(HAL_MIC_CLOCK_PIN + 1u, FUNCTION_PIO0);
    chip_pin(HAL_MIC_DATA_PIN, FUNCTION_PIO0);
    start_machine(rate_hz);
    start_channel(1);
    start_channel(0);
    REGISTER(DMA + 0x404u) = 3; /* interrupts of both */
    chip_enable(DMA_IRQ);
    REGISTER(CHANNEL(0) + 0x0Cu) = DMA_CONTROL(1u, REQUEST_RX0);
    REGISTER(PIO0) = 1;
    return 1;
}

void hal_mic_stop(void) {
    REGISTER(PIO0 + CLEAR) = 1;
    REGISTER(DMA + 0x404u) = 0;
    REGISTER(DMA + DMA_ABORT) = 3;
}

/* A channel that ended has started the other; its count comes back by itself, its address does not. */
void mic_interrupt(void) {
    for (uint32_t n = 0; n < 2u; n++) {
        if (!(REGISTER(DMA + 0x40Cu) & (1u << n))) continue;
        REGISTER(DMA + 0x40Cu) = 1u << n;
        REGISTER(CHANNEL(n) + 4u) = (uint32_t)(uintptr_t)blocks.half[n].wide;
        blocks.filled++;
    }
}

static int32_t sample(uint32_t word) { return (int32_t)word >> 8; }

const int16_t *hal_mic_take(uint32_t *count) { return hal_blocks_take(&blocks, sample, count); }
void hal_mic_give(void) { hal_blocks_give(&blocks); }
uint32_t hal_mic_overruns(void) { return blocks.overruns; }
uint32_t hal_mic_most(void) { return blocks.most; }
int mic_waiting(void) { return blocks.filled != blocks.given; }
