/* An I2S microphone (INMP441) on I2S2, its left channel; DMA1 stream 3 fills both halves in turn. */
#define HAL_MIC_STRIDE 2u /* left and right words; their halves arrive in the wrong order */
#include "blocks.h"
#include "stm32/chip.h"

#ifndef HAL_MIC_SCK
#define HAL_MIC_SCK B, 13, 5
#endif
#ifndef HAL_MIC_WS
#define HAL_MIC_WS B, 12, 5
#endif
#ifndef HAL_MIC_SD
#define HAL_MIC_SD B, 15, 5
#endif

#define RATE_HZ 16000u
#define STREAM (DMA1 + 0x10u + 3u * 0x18u)
#define HALF_DONE (1u << 26)
#define DONE (1u << 27)
#define FLAGS (0x3Du << 22)
#define I2S_ON (1u << 10)

int chip_i2s_clock(void);
static hal_blocks_t blocks;

static void start_dma(void) {
    RCC_AHB1ENR |= 1u << 21;
    REGISTER(STREAM) = 0;
    (void)chip_becomes(STREAM, 1, 0);
    REGISTER(DMA1 + 8u) = FLAGS;
    REGISTER(STREAM + 4u) = 2u * 2u * HAL_MIC_WORDS; /* of 16 bits */
    REGISTER(STREAM + 8u) = SPI2 + 0x0Cu;
    REGISTER(STREAM + 12u) = (uint32_t)(uintptr_t)blocks.half[0].wide;
    /* 16 bits to 16 bits, memory address grows, in a circle, both interrupts, channel 0 */
    REGISTER(STREAM) = 1u << 13 | 1u << 11 | 1u << 10 | 1u << 8 | 1u << 4 | 1u << 3;
    REGISTER(STREAM) |= 1u;
}

int hal_mic_start(uint32_t rate_hz) {
    if (rate_hz != RATE_HZ || chip_emulated() || !chip_i2s_clock()) return 0;
    hal_blocks_start(&blocks);
    PIN(HAL_MIC_SCK);
    PIN(HAL_MIC_WS);
    PIN(HAL_MIC_SD);
    RCC_APB1ENR |= 1u << 14;
    REGISTER(SPI2 + 0x20u) = 25; /* twice that: the fiftieth */
    REGISTER(SPI2 + 0x1Cu) = 1u << 11 | 3u << 8 | 2u << 1 | 1u; /* I2S, master that receives, 32 bits */
    REGISTER(SPI2 + 4u) = 1;
    start_dma();
    chip_enable(MIC_IRQ);
    REGISTER(SPI2 + 0x1Cu) |= I2S_ON;
    return 1;
}

void hal_mic_stop(void) {
    REGISTER(SPI2 + 0x1Cu) &= ~I2S_ON;
    REGISTER(STREAM) = 0;
}

void mic_interrupt(void) {
    const uint32_t flags = REGISTER(DMA1) & FLAGS;
    REGISTER(DMA1 + 8u) = flags;
    blocks.filled += (flags & HALF_DONE ? 1u : 0u) + (flags & DONE ? 1u : 0u);
}

static int32_t sample(uint32_t word) { return (int32_t)(word << 16 | word >> 16) >> 8; }

const int16_t *hal_mic_take(uint32_t *count) { return hal_blocks_take(&blocks, sample, count); }
void hal_mic_give(void) { hal_blocks_give(&blocks); }
uint32_t hal_mic_overruns(void) { return blocks.overruns; }
uint32_t hal_mic_most(void) { return blocks.most; }
int mic_waiting(void) { return blocks.filled != blocks.given; }
