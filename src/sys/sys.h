/* The world below: clocks, log, files. Everything here is what a simulation or a fault test must be
 * able to replace: rooms above never call the kernel for these directly. */
#ifndef BRUME_SYS_H
#define BRUME_SYS_H

#include "base/arena.h"

/* ---- clocks ---- */
i64 sys_wall_ms(void);      /* since 1970, UTC */
i64 sys_wall_us(void);
i64 sys_monotonic_us(void); /* for durations */

/* ---- log: one clear line per event on standard error (or a file) ---- */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
/* Event first, then key=value pairs: log_line(LOG_INFO, "listening", "address=%s port=%d", ...). */
PRINTF(3, 4) void log_line(enum log_level level, const char *event, const char *format, ...);

/* ---- files: thin, with injectable faults (tests fail the n-th write, sync or open, or drop what was
 * not synced). All return 0 or an errno value; short writes are completed or an error. ---- */
int file_open(const char *path, int flags, int mode, int *fd);
int file_write_at(int fd, const void *bytes, size_t n, u64 offset);
struct iovec;
int file_write_vector_at(int fd, const struct iovec *parts, int n, u64 offset);
int file_read_at(int fd, void *bytes, size_t n, u64 offset, size_t *got); /* short only at the end */
int file_sync_data(int fd);                  /* fdatasync */
int file_sync_directory(const char *path);
int file_rename(const char *from, const char *to);
int file_remove(const char *path);
int file_make_directories(const char *path, int mode); /* like mkdir -p */

/* Fault injection, for tests only; also set by BRUME_FAULT="write:17:EIO" (the 17th from now fails,
 * and all that follow with a trailing '+': "sync:3+:EIO"). */
enum file_fault { FAULT_NONE, FAULT_WRITE, FAULT_SYNC, FAULT_OPEN };
void file_fault_arm(enum file_fault kind, u64 nth, bool and_following, int error);

#endif
