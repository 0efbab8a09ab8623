/* What every application does: says who it is, checks itself, answers the runner's verbs. */
#ifndef NH_DEVICE_H
#define NH_DEVICE_H
#include <stdint.h>

#include "nh_cost.h"
#include "nh_link.h"

typedef struct {
    const char *name;          /* of the application */
    const nh_verb_t *verbs;    /* its own; the last has a NULL word */
    void (*info)(void);        /* more lines for `info`; may be NULL */
} nh_app_t;

/* What a kind of applications has in common, such as those that listen. Each may be NULL. */
typedef struct {
    const nh_verb_t *verbs;
    void (*info)(void);
    void (*stats)(void);
    void (*before_infer)(void); /* `infer` is about to use the model */
} nh_kind_t;

/* Paints the stack, checks the model's constants, says the boot lines. `arena`: the model's, MODEL_ARENA_BYTES. */
void nh_device_start(const nh_app_t *app, const nh_kind_t *kind, void *arena);

/* To be called again and again: answers lines, sleeps when there is nothing to do, resets when the stack is full.
   `busy`: the application had something to do. */
void nh_device_turn(int busy);

/* Ticks in the unit that costs are told in: instructions on an emulator, else the counter's own. */
uint64_t nh_device_units(uint64_t ticks);
const char *nh_device_unit(void);
uint64_t nh_device_microseconds(uint64_t ticks);

/* m-cost-[stage,count,sum,least,most] */
void nh_device_say_cost(const char *stage, const nh_cost_t *cost);

#endif
