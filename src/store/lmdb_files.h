/* Forced into LMDB's own source when it is compiled: its writes and syncs become ours, which go
 * through sys, so that a fault test reaches them and the bench can slow the flush. */
#ifndef BRUME_LMDB_FILES_H
#define BRUME_LMDB_FILES_H

/* The system's declarations must be read before their names are taken. */
#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t lmdb_pwrite(int fd, const void *bytes, size_t n, off_t offset);
ssize_t lmdb_pwritev(int fd, const struct iovec *parts, int n, off_t offset);
int lmdb_fdatasync(int fd);
ssize_t lmdb_write(int fd, const void *bytes, size_t n); /* LMDB's only use: a copy of all rows */

/* Copies under way end with ECANCELED: a map that must grow waits for every reader. */
void lmdb_stop_copies(bool stop);

/* Added to each flush (a bench looks at a slower disk). Process-wide: LMDB's calls carry no context. */
void lmdb_set_flush_delay(unsigned us);

#ifndef LMDB_FILES_HERE
#define pwrite lmdb_pwrite
#define pwritev lmdb_pwritev
#define fdatasync lmdb_fdatasync
#define write(fd, bytes, n) lmdb_write(fd, bytes, n)
#endif

#endif
