/* Bytes that an interrupt puts in and the program takes out; neither waits for the other. */
#ifndef NH_RING_H
#define NH_RING_H
#include <stdint.h>

#ifndef HAL_RING_BYTES
#define HAL_RING_BYTES 1024u /* a power of two */
#endif

typedef struct {
    uint8_t bytes[HAL_RING_BYTES];
    volatile uint32_t in, out; /* counts, of which the low bits are places */
    volatile uint32_t lost;
} hal_ring_t;

static inline uint32_t hal_ring_count(const hal_ring_t *r) { return r->in - r->out; }

static inline void hal_ring_put(hal_ring_t *r, uint8_t byte) {
    if (hal_ring_count(r) == HAL_RING_BYTES) {
        r->lost++;
        return;
    }
    r->bytes[r->in % HAL_RING_BYTES] = byte;
    r->in++;
}

static inline int hal_ring_get(hal_ring_t *r) {
    if (!hal_ring_count(r)) return -1;
    const uint8_t byte = r->bytes[r->out % HAL_RING_BYTES];
    r->out++;
    return byte;
}
#endif
