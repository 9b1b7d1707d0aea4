#include "sys/sys.h"

#include <time.h>

static i64 clock_us(clockid_t id) {
    struct timespec now;
    ASSERT(clock_gettime(id, &now) == 0);
    return (i64)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

i64 sys_wall_us(void) { return clock_us(CLOCK_REALTIME); }
i64 sys_wall_ms(void) { return sys_wall_us() / 1000; }
i64 sys_monotonic_us(void) { return clock_us(CLOCK_MONOTONIC); }
