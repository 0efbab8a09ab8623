/* An application that listens: the microphone, or recordings through the link, through front end and model; what
   each stage takes. What the scores mean is the application's. */
#ifndef NH_LISTEN_H
#define NH_LISTEN_H
#include <stdint.h>

#include "bundle.h"
#include "nh_device.h"

#ifndef NH_STREAM
#error "this application needs a bundle with a stream.tflite or a scene; apps/bench runs any model"
#endif

typedef struct {
    nh_app_t app;
    void (*start)(void); /* before the first line is answered; may be NULL */
    void (*reset)(void); /* a new stream begins */
    /* After each step: the model's scores, or NULL for a window of silence; and the samples from the stream's start to
       the end of the last one that they have seen. */
    void (*scores)(const int8_t *scores, uint64_t position);
} nh_listener_t;

/* Whether the application is to say what it hears as it hears it: `events on|off`. */
int nh_listen_events(void);

/* m-WHAT-[position,sum,full scale,label] */
void nh_listen_say(const char *what, uint64_t position, uint32_t sum, uint32_t full_scale, const char *label);

_Noreturn void nh_listen(const nh_listener_t *listener);

#endif
