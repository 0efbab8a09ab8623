#include "nh_settings.h"

#include <stddef.h>
#include <string.h>

#include "hal.h"
#include "nh_crc.h"

#define MAGIC 0x4E485331u

typedef struct {
    uint32_t crc; /* of all that follows */
    uint32_t magic, sequence, owner, bytes;
    uint8_t record[NH_SETTINGS_MOST];
} page_t;

static uint32_t checksum(const page_t *page) {
    const uint32_t start = (uint32_t)sizeof page->crc;
    return nh_crc32(0, (const uint8_t *)page + start, (uint32_t)sizeof *page - start);
}

/* A copy of a page that is whole; 0 when it is not. */
static int read(uint32_t number, page_t *page) {
    if (hal_settings_bytes() < sizeof *page) return 0;
    memcpy(page, hal_settings_page(number), sizeof *page);
    return page->magic == MAGIC && page->bytes <= NH_SETTINGS_MOST && page->crc == checksum(page);
}

/* The page that counts, or -1. */
static int32_t newest(page_t *page) {
    page_t other;
    const int first = read(0, page), second = read(1, &other);
    if (second && (!first || (int32_t)(other.sequence - page->sequence) > 0)) {
        *page = other;
        return 1;
    }
    return first ? 0 : -1;
}

int nh_settings_load(uint32_t owner, void *record, uint32_t bytes) {
    page_t page;
    if (newest(&page) < 0 || page.owner != owner || page.bytes != bytes) return 0;
    memcpy(record, page.record, bytes);
    return 1;
}

int nh_settings_save(uint32_t owner, const void *record, uint32_t bytes) {
    page_t page;
    const int32_t now = newest(&page);
    const uint32_t sequence = now < 0 ? 1u : page.sequence + 1u;
    const uint32_t target = now == 0 ? 1u : 0u;
    if (bytes > NH_SETTINGS_MOST) return 0;
    memset(&page, 0, sizeof page);
    page.magic = MAGIC;
    page.sequence = sequence;
    page.owner = owner;
    page.bytes = bytes;
    memcpy(page.record, record, bytes);
    page.crc = checksum(&page);
    return hal_settings_write(target, &page, (uint32_t)sizeof page) && read(target, &page) &&
           page.sequence == sequence;
}
