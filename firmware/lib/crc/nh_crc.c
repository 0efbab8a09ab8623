#include "nh_crc.h"

/* Four bits at a time: 64 bytes of table instead of 1024. */
static const uint32_t crc32_nibble[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};

uint16_t nh_crc16(uint16_t crc, const void *data, uint32_t bytes) {
    const uint8_t *p = (const uint8_t *)data;
    uint32_t value = crc;
    while (bytes-- > 0u) {
        value = ((value >> 8) | (value << 8)) & 0xFFFFu;
        value ^= *p++;
        value ^= (value & 0xFFu) >> 4;
        value ^= (value << 12) & 0xFFFFu;
        value ^= (value & 0xFFu) << 5;
    }
    return (uint16_t)value;
}

uint32_t nh_crc32(uint32_t crc, const void *data, uint32_t bytes) {
    const uint8_t *p = (const uint8_t *)data;
    crc = ~crc;
    while (bytes-- > 0u) {
        crc ^= *p++;
        crc = (crc >> 4) ^ crc32_nibble[crc & 15u];
        crc = (crc >> 4) ^ crc32_nibble[crc & 15u];
    }
    return ~crc;
}
