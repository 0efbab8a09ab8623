/* Arduino's core for ESP32, 2.0. */
#include <stddef.h>
class Preferences {
  public:
    bool begin(const char *name, bool readOnly = false);
    void end();
    size_t putBytes(const char *key, const void *value, size_t len);
    size_t getBytes(const char *key, void *buf, size_t maxLen);
};
