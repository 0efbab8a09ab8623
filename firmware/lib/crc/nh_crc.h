/* Checksums: CRC-16/CCITT-FALSE for lines of the link, CRC-32 (zlib's) for pages and constants. */
#ifndef NH_CRC_H
#define NH_CRC_H
#include <stdint.h>

#define NH_CRC16_START 0xFFFFu

uint16_t nh_crc16(uint16_t crc, const void *data, uint32_t bytes);

/* Start with 0; continue with what the last part gave. */
uint32_t nh_crc32(uint32_t crc, const void *data, uint32_t bytes);

#endif
