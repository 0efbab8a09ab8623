/* One line for each case, as test_custom_runner.py reads them. */
#ifndef REPORT_H
#define REPORT_H
#include "hal.h"

static int report_failures;

static void report_text(const char *text) {
    while (*text) hal_put(*text++);
}

static void report(const char *name, int passed) {
    report_text("TEST ");
    report_text(name);
    report_text(passed ? " PASS\r\n" : " FAIL\r\n");
    report_failures += !passed;
}

static void report_end(void) { report_text("TESTS DONE\r\n"); }

#define TEST(name, passed) report(#name, (passed) != 0)
#endif
