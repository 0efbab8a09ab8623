/* What the RP2350's ROM looks for in the first 4 KiB: a block that says "an Arm program, secure" (datasheet, "Minimum
   Arm IMAGE_DEF"). It starts from the vectors at the beginning of flash. */
#include <stdint.h>

#if !defined(__ARM_ARCH_6M__)
extern const uint32_t hal_image_def[];
__attribute__((section(".vectors.late"), used)) const uint32_t hal_image_def[5] = {
    0xFFFFDED3u, 0x10210142u, 0x000001FFu, 0u, 0xAB123579u,
};
#endif
