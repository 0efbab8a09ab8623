/* Mbed OS 6. */
#include <stddef.h>
#include <stdint.h>
extern "C" {
int kv_set(const char *full_name_key, const void *buffer, size_t size, uint32_t create_flags);
int kv_get(const char *full_name_key, void *buffer, size_t buffer_size, size_t *actual_size);
}
