/* A library for LD_PRELOAD: the wall clock is WALL_CLOCK_OFFSET_S seconds off, for every program of a run alike (no BRUME_
 * variable: some tests take those away). Clocks that only measure, and the file system, go on as they are (tests/run --at). */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t offset_s;

__attribute__((constructor)) static void read_offset(void) {
    const char *text = getenv("WALL_CLOCK_OFFSET_S");
    offset_s = text ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int result = (int)syscall(SYS_clock_gettime, clock, at);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += offset_s;
    return result;
}

time_t time(time_t *seconds) {
    struct timespec at = {0};
    clock_gettime(CLOCK_REALTIME, &at);
    if (seconds) *seconds = at.tv_sec;
    return at.tv_sec;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now = {0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
