/* What is measured: a model behind plain functions, written for each image by converters/measure. */
#ifndef NH_MEASURE_H
#define NH_MEASURE_H
#include <stdint.h>

typedef struct {
    uint8_t *(*memory)(void); /* where the model reads or writes it */
    uint32_t bytes;
} measure_port_t;

typedef struct {
    void (*init)(void);
    void (*invoke)(void);
    const measure_port_t *inputs, *outputs;
    uint32_t input_count, output_count;
    uint32_t steps;       /* invocations, one after the other */
    const uint8_t *data;  /* the inputs of all steps, in their order */
    uint32_t layer_count; /* 0: the model does not call back after each layer */
    void (*layer)(int);   /* what it calls; ends in measure_layer */
    uint64_t *layer_ticks;
    uint32_t *layer_wraps;
} measure_model_t;

extern const measure_model_t measured;
void measure_layer(uint32_t index);
#endif
