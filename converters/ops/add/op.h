/* ADD and SUB: parameters of both forms. */
#ifndef NH_ADD_H
#define NH_ADD_H
#include "../include/broadcast.h"
#include "../include/requantize.h"

/* (a * ma + b * mb + c) >> shift; see linear.py. */
typedef struct {
    nh_walk_t walk;
    const int8_t *constant;
    int32_t ma, mb, c, shift;
    int32_t low, high;
} nh_add_linear_t;

typedef struct {
    int32_t sign, zero, left, multiplier, right;
} nh_add_operand_t;

typedef struct {
    nh_walk_t walk;
    const int8_t *constant;
    nh_add_operand_t a, b;
    int32_t y_zero, multiplier, right;
    int32_t low, high;
} nh_add_t;

#endif
