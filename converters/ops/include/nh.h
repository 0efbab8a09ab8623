/* What every kernel needs; pasted into each generated model.c once. C99, gcc and clang. */
#ifndef NH_H
#define NH_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A kernel is private to its model.c; one that no layer calls costs nothing. */
#define NH_KERNEL static __attribute__((unused))
#define NH_INLINE static inline __attribute__((always_inline, unused))

/* The last frames of a stream, oldest first: row t is at x + t * row_bytes, and `bytes` lower when that is
   not below `end`. */
typedef struct {
    const int8_t *x;
    const int8_t *end;
    int32_t bytes;
} nh_ring_t;

/* A place in a ring of `bytes` bytes, so far before another. */
NH_INLINE int32_t nh_back(int32_t at, int32_t back, int32_t bytes) { return at < back ? at - back + bytes : at - back; }

NH_INLINE int32_t nh_min(int32_t a, int32_t b) { return a < b ? a : b; }
NH_INLINE int32_t nh_max(int32_t a, int32_t b) { return a > b ? a : b; }
NH_INLINE int32_t nh_clamp(int32_t v, int32_t low, int32_t high) { return nh_min(nh_max(v, low), high); }

/* a * b / 2**31, halves upwards: gemmlowp's SaturatingRoundingDoublingHighMul, for any pair but both INT32_MIN
   (no multiplier is). Its truncating division with a signed nudge is this floor for every sign. */
NH_INLINE int32_t nh_high_mul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* x / 2**exponent, halves away from zero (RoundingDivideByPOT). */
NH_INLINE int32_t nh_divide_by_pot(int32_t x, int32_t exponent) {
    int32_t half = (int32_t)((1u << exponent) >> 1);
    /* For exponent 0 the sign must not count. */
    return (x + half + ((x >> 31) & -(int32_t)(exponent > 0))) >> exponent;
}

/* MultiplyByQuantizedMultiplier with its two roundings; shift as in QuantizeMultiplier (> 0: left). */
NH_INLINE int32_t nh_multiply(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    return nh_divide_by_pot(nh_high_mul((int32_t)((uint32_t)x << left), multiplier), right);
}

#endif
