#define LMDB_FILES_HERE
#include "store/lmdb_files.h"

#include "sys/sys.h"

#include <errno.h>
#include <stdatomic.h>

static _Atomic unsigned flush_delay_us;

void lmdb_set_flush_delay(unsigned us) { atomic_store(&flush_delay_us, us); }

static void flush_slowly(void) {
    unsigned us = atomic_load_explicit(&flush_delay_us, memory_order_relaxed);
    if (us) usleep(us);
}

/* LMDB's two meta pages are written through a descriptor that syncs by itself: that is a flush too. */
static bool is_meta(size_t n, off_t offset) { return n < 512 && offset < 2 * 65536; }

ssize_t lmdb_pwrite(int fd, const void *bytes, size_t n, off_t offset) {
    if (is_meta(n, offset)) flush_slowly();
    errno = file_write_at(fd, bytes, n, (u64)offset);
    return errno ? -1 : (ssize_t)n;
}

ssize_t lmdb_pwritev(int fd, const struct iovec *parts, int n, off_t offset) {
    errno = file_write_vector_at(fd, parts, n, (u64)offset);
    if (errno) return -1;
    size_t bytes = 0;
    for (int i = 0; i < n; i++) bytes += parts[i].iov_len;
    return (ssize_t)bytes;
}

static _Atomic bool copies_stop;

void lmdb_stop_copies(bool stop) { atomic_store(&copies_stop, stop); }

ssize_t lmdb_write(int fd, const void *bytes, size_t n) {
    if (!atomic_load_explicit(&copies_stop, memory_order_relaxed)) return write(fd, bytes, n);
    errno = ECANCELED;
    return -1;
}

int lmdb_fdatasync(int fd) {
    flush_slowly();
    errno = file_sync_data(fd);
    return errno ? -1 : 0;
}
