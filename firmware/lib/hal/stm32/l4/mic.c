/* A PDM microphone on DFSDM1: clock from CKOUT, the data of the rising edge (left) on DATIN2; 2 MHz / 125 = 16 kHz. */
#ifndef HAL_MIC_GAIN_BITS
#define HAL_MIC_GAIN_BITS 5 /* the filter's full scale is 125^3, two bits below 24 */
#endif
#include "blocks.h"
#include "stm32/chip.h"

#ifndef HAL_MIC_CKOUT
#define HAL_MIC_CKOUT E, 9, 6
#endif
#ifndef HAL_MIC_DATIN
#define HAL_MIC_DATIN E, 7, 6
#endif

#define RATE_HZ 16000u
#define PDM_HZ 2000000u
#define DATIN 2u
#define CHANNEL(n) (DFSDM1 + 0x20u * (n))
#define FILTER (DFSDM1 + 0x100u)
#define DMA (DMA1 + 8u + 3u * 0x14u) /* channel 4 */
#define HALF_DONE (1u << 14)
#define DONE (1u << 13)
#define FLAGS (0xFu << 12)
#define REQUEST_FILTER 86u

static hal_blocks_t blocks;

static void start_dma(void) {
    RCC_AHB1ENR |= PLUS ? 5u : 1u;
    if (PLUS) REGISTER(DMAMUX1 + 4u * 3u) = REQUEST_FILTER;
    if (!PLUS) REGISTER(DMA1 + 0xA8u) &= ~(0xFu << 12);
    REGISTER(DMA) = 0;
    REGISTER(DMA1 + 4u) = FLAGS;
    REGISTER(DMA + 4u) = 2u * HAL_MIC_WORDS;
    REGISTER(DMA + 8u) = FILTER + 0x1Cu;
    REGISTER(DMA + 12u) = (uint32_t)(uintptr_t)blocks.half[0].wide;
    /* 32 bits to 32 bits, memory address grows, in a circle, both interrupts */
    REGISTER(DMA) = 2u << 10 | 2u << 8 | 1u << 7 | 1u << 5 | 1u << 2 | 1u << 1;
    REGISTER(DMA) |= 1u;
}

static void start_filter(void) {
    RCC_APB2ENR |= 1u << 24;
    (void)RCC_APB2ENR;
    REGISTER(CHANNEL(0)) = (chip_hz() / PDM_HZ - 1u) << 16;
    REGISTER(CHANNEL(0)) |= 1u << 31;
    REGISTER(CHANNEL(DATIN) + 4u) = 0;
    REGISTER(CHANNEL(DATIN)) = 1u << 2 | 1u << 7;                        /* on, clocked by CKOUT, rising edge */
    REGISTER(FILTER + 0x14u) = 3u << 29 | (PDM_HZ / RATE_HZ - 1u) << 16; /* third order */
    REGISTER(FILTER) = 1u << 29 | DATIN << 24 | 1u << 21 | 1u << 18;     /* fast, DMA, continuous */
    REGISTER(FILTER) |= 1u;
}

int hal_mic_start(uint32_t rate_hz) {
    if (rate_hz != RATE_HZ || chip_emulated() || chip_hz() < 40u * PDM_HZ) return 0;
    hal_blocks_start(&blocks);
    PIN(HAL_MIC_CKOUT);
    PIN(HAL_MIC_DATIN);
    start_filter();
    start_dma();
    chip_enable(MIC_IRQ);
    REGISTER(FILTER) |= 1u << 17;
    return 1;
}

void hal_mic_stop(void) {
    REGISTER(FILTER) = 0;
    REGISTER(CHANNEL(DATIN)) = 0;
    REGISTER(CHANNEL(0)) = 0;
    REGISTER(DMA) = 0;
}

void mic_interrupt(void) {
    const uint32_t flags = REGISTER(DMA1) & FLAGS;
    REGISTER(DMA1 + 4u) = flags;
    blocks.filled += (flags & HALF_DONE ? 1u : 0u) + (flags & DONE ? 1u : 0u);
}

static int32_t sample(uint32_t word) { return (int32_t)word >> 8; }

const int16_t *hal_mic_take(uint32_t *count) { return hal_blocks_take(&blocks, sample, count); }
void hal_mic_give(void) { hal_blocks_give(&blocks); }
uint32_t hal_mic_overruns(void) { return blocks.overruns; }
uint32_t hal_mic_most(void) { return blocks.most; }
int mic_waiting(void) { return blocks.filled != blocks.given; }
