#include "sys/sys.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* Process-wide by nature: there is one standard error. */
static _Atomic int level_shown = LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_set_level(enum log_level level) { atomic_store(&level_shown, (int)level); }

bool log_enabled(enum log_level level) {
    return (int)level <= atomic_load_explicit(&level_shown, memory_order_relaxed);
}

/* Control characters would let a value forge further lines. */
static void make_one_line(char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) line[i] = '?';
}

void log_line(enum log_level level, const char *event, const char *format, ...) {
    if (!log_enabled(level)) return;
    char line[2048];
    i64 now = sys_wall_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    size_t room = sizeof line - 1; /* the newline */
    n += (size_t)snprintf(line + n, room - n, ".%03dZ %s %.200s", (int)(now % 1000),
                          level_names[level], event);
    if (format[0]) {
        line[n++] = ' ';
        va_list args;
        va_start(args, format);
        int more = vsnprintf(line + n, room - n, format, args);
        va_end(args);
        n = more < 0 ? n : MIN(n + (size_t)more, room - 1);
    }
    make_one_line(line, n);
    line[n++] = '\n';
    /* One write a line: lines of several threads do not mix. Nobody to tell when it fails. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}
