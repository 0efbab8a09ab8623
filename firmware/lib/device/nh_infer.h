/* The runner's verbs on the model: load bytes, infer, results. */
#ifndef NH_INFER_H
#define NH_INFER_H
#include <stdint.h>

void nh_infer_db(char *rest);
void nh_infer_run(char *rest);
void nh_infer_results(char *rest);

/* All outputs of the last inference, one after the other: NH_OUTPUT_BYTES; NULL before the first. */
const uint8_t *nh_infer_answer(void);

/* Called before each `infer`; may be NULL. */
extern void (*nh_infer_before)(void);

#endif
