/* Base64 (RFC 4648) to bytes. */
#ifndef NH_BASE64_H
#define NH_BASE64_H
#include <stdint.h>

/* Decodes the whole of text; `out` may be memory at or before it. Returns the bytes, or -1 for what is no base64. */
int32_t nh_base64_decode(const char *text, uint8_t *out);

#endif
