/* The board starts, speaks and counts. */
#include "../report.h"
#include "hal.h"

int main(void) {
    TEST(start, 1);
    uint64_t before = hal_ticks();
    for (volatile int i = 0; i < 1000; i++) {
    }
    TEST(counter_grows, hal_ticks() > before);
    report_end();
    return 0;
}
