/* Mbed OS 6. */
#include <stdint.h>
namespace mbed {
class Watchdog {
  public:
    static Watchdog &get_instance();
    bool start(uint32_t timeout);
    void kick();
    uint32_t get_max_timeout() const;
};
}
