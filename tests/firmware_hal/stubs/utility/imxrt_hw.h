/* PJRC's audio library. */
#include <stdint.h>
void set_audioClock(int nfact, int32_t nmult, uint32_t ndiv, bool force = false);
