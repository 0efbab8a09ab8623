/* The runner's verbs on the model: load bytes, infer, results. */
#ifndef NH_INFER_H
#define NH_INFER_H

void nh_infer_db(char *rest);
void nh_infer_run(char *rest);
void nh_infer_results(char *rest);

/* Called before each `infer`; may be NULL. */
extern void (*nh_infer_before)(void);

#endif
