/* The host as a board: standard input and output are its UART. A reset starts the program anew. */
#define _POSIX_C_SOURCE 200809L
#include "hal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS 1000
#define PAGE_BYTES 128
#define MIC_BLOCK 160 /* samples */

static uint8_t in[4096], out[4096];
static size_t in_next, in_end, out_end;
static uint64_t started_ns;
static uint8_t pages[2][PAGE_BYTES];
volatile uint32_t hal_wraps;

/* NUTHATCH_MICROPHONE names a file of int16 samples that is heard as fast as it is read, then silence. */
static int16_t block[MIC_BLOCK];
static int mic = -1;

int hal_mic_start(uint32_t rate_hz) {
    const char *path = getenv("NUTHATCH_MICROPHONE");
    (void)rate_hz;
    mic = path ? open(path, O_RDONLY) : -1;
    return mic >= 0;
}

void hal_mic_stop(void) {
    if (mic >= 0) close(mic);
    mic = -1;
}

const int16_t *hal_mic_take(uint32_t *count) {
    const ssize_t n = mic >= 0 ? read(mic, block, sizeof block) : 0;
    *count = n > 0 ? (uint32_t)n / (uint32_t)sizeof *block : 0u;
    return *count > 0u ? block : NULL;
}

/* NUTHATCH_SETTINGS names the file that plays the flash; without it, settings die with the program. */
static void read_pages(void) {
    const char *path = getenv("NUTHATCH_SETTINGS");
    int file = path ? open(path, O_RDONLY) : -1;
    memset(pages, 0xFF, sizeof pages);
    if (file >= 0) {
        if (read(file, pages, sizeof pages) < 0) memset(pages, 0xFF, sizeof pages);
        close(file);
    }
}

static void flush(void) {
    size_t sent = 0;
    while (sent < out_end) {
        const ssize_t n = write(STDOUT_FILENO, out + sent, out_end - sent);
        if (n <= 0) _exit(1);
        sent += (size_t)n;
    }
    out_end = 0;
}

static int arrived(int wait_ms) {
    struct pollfd line = {STDIN_FILENO, POLLIN, 0};
    return poll(&line, 1, wait_ms) > 0;
}

__attribute__((constructor)) void hal_start(void) {
    read_pages();
    started_ns = hal_ticks();
}

void hal_put(char c) {
    out[out_end++] = (uint8_t)c;
    if (c == '\n' || out_end == sizeof out) flush();
}

/* The end of the input ends the program: nobody will ever ask again. */
int hal_get(void) {
    if (in_next == in_end) {
        ssize_t n;
        if (!arrived(0)) return -1;
        n = read(STDIN_FILENO, in, sizeof in);
        if (n <= 0) hal_exit(0);
        in_next = 0;
        in_end = (size_t)n;
    }
    return in[in_next++];
}

void hal_idle(void) {
    flush();
    (void)arrived(IDLE_MS);
}

_Noreturn void hal_exit(int code) {
    flush();
    _exit(code);
}

_Noreturn void hal_reboot(void) {
    char *const arguments[] = {(char *)(uintptr_t)"nuthatch", NULL};
    flush();
    execv("/proc/self/exe", arguments);
    _exit(4);
}

uint64_t hal_ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec - started_ns;
}

uint32_t hal_ticks_hz(void) { return 1000000000u; }
const char *hal_ticks_unit(void) { return "ns"; }
void hal_mask(void) {}
void hal_unmask(void) {}

uint32_t hal_settings_bytes(void) { return PAGE_BYTES; }
const void *hal_settings_page(uint32_t page) { return pages[page & 1u]; }

int hal_settings_write(uint32_t page, const void *data, uint32_t bytes) {
    const char *path = getenv("NUTHATCH_SETTINGS");
    int file, done = 1;
    if (bytes > PAGE_BYTES) return 0;
    memset(pages[page & 1u], 0xFF, PAGE_BYTES);
    memcpy(pages[page & 1u], data, bytes);
    if (!path) return 1;
    file = open(path, O_WRONLY | O_CREAT, 0644);
    if (file < 0) return 0;
    done = pwrite(file, pages[page & 1u], PAGE_BYTES, (off_t)(page & 1u) * PAGE_BYTES) == PAGE_BYTES;
    close(file);
    return done;
}
