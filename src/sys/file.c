#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- faults. Process-wide because the disk is: a test arms one and the next calls meet it. `left`
 * counts down to the call that fails; 0 is unarmed, so that the usual path is one relaxed load. ---- */
static struct {
    _Atomic int kind;
    _Atomic u64 left;
    _Atomic bool following;
    _Atomic int error;
} fault;

void file_fault_arm(enum file_fault kind, u64 nth, bool and_following, int error) {
    atomic_store(&fault.kind, FAULT_NONE);
    atomic_store(&fault.left, nth);
    atomic_store(&fault.following, and_following);
    atomic_store(&fault.error, error);
    atomic_store(&fault.kind, nth ? (int)kind : FAULT_NONE);
}

static int fault_due(enum file_fault kind) {
    if (atomic_load_explicit(&fault.kind, memory_order_relaxed) != (int)kind) return 0;
    u64 left = atomic_load(&fault.left);
    while (left > 1)
        if (atomic_compare_exchange_weak(&fault.left, &left, left - 1)) return 0;
    if (!atomic_load(&fault.following)) {
        int armed = (int)kind;
        /* Two threads may meet the last count: only one takes the fault. */
        if (!atomic_compare_exchange_strong(&fault.kind, &armed, FAULT_NONE)) return 0;
    }
    return atomic_load(&fault.error);
}

static const struct {
    const char *name;
    int value;
} kind_names[] = {{"write", FAULT_WRITE}, {"sync", FAULT_SYNC}, {"open", FAULT_OPEN}},
  error_names[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EMFILE", EMFILE},
                   {"EACCES", EACCES}, {"EROFS", EROFS}};

/* BRUME_FAULT="sync:3+:EIO". A wrong value is refused loudly: a fault test that arms nothing would
 * prove nothing. */
__attribute__((constructor)) static void fault_from_environment(void) {
    str rest = str_of(getenv("BRUME_FAULT"));
    if (!rest.p) return;
    str kind = str_cut(&rest, ':'), nth = str_cut(&rest, ':'), error = rest;
    bool following = str_ends(nth, S("+"));
    if (following) nth.n--;
    u64 n = 0;
    int kind_value = 0, error_value = 0;
    for (size_t i = 0; i < LENGTH(kind_names); i++)
        if (str_eq(kind, str_of(kind_names[i].name))) kind_value = kind_names[i].value;
    for (size_t i = 0; i < LENGTH(error_names); i++)
        if (str_eq(error, str_of(error_names[i].name))) error_value = error_names[i].value;
    if (!str_to_u64(nth, &n) || n == 0 || !kind_value || !error_value) {
        fprintf(stderr, "brume: BRUME_FAULT is KIND:N[+]:ERROR, as write:17:EIO\n");
        _exit(2);
    }
    file_fault_arm((enum file_fault)kind_value, n, following, error_value);
}

/* ---- files ---- */
int file_open(const char *path, int flags, int mode, int *fd) {
    int error = fault_due(FAULT_OPEN);
    if (error) return error;
    do *fd = open(path, flags | O_CLOEXEC, mode);
    while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? errno : 0;
}

static int write_whole(int fd, const char *at, size_t n, u64 offset) {
    while (n) {
        ssize_t written = pwrite(fd, at, n, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return errno;
        if (written == 0) return EIO;
        at += written;
        n -= (size_t)written;
        offset += (u64)written;
    }
    return 0;
}

int file_write_at(int fd, const void *bytes, size_t n, u64 offset) {
    int error = fault_due(FAULT_WRITE);
    return error ? error : write_whole(fd, bytes, n, offset);
}

int file_write_vector_at(int fd, const struct iovec *parts, int n, u64 offset) {
    int error = fault_due(FAULT_WRITE);
    if (error) return error;
    ssize_t r;
    do r = pwritev(fd, parts, n, (off_t)offset);
    while (r < 0 && errno == EINTR);
    if (r < 0) return errno;
    /* A short write (the disk is nearly full) is completed part by part, or says why not. */
    size_t written = (size_t)r;
    for (int i = 0; i < n; i++) {
        size_t done = MIN(written, parts[i].iov_len);
        written -= done;
        error = write_whole(fd, (const char *)parts[i].iov_base + done, parts[i].iov_len - done,
                            offset + done);
        if (error) return error;
        offset += parts[i].iov_len;
    }
    return 0;
}

int file_read_at(int fd, void *bytes, size_t n, u64 offset, size_t *got) {
    char *at = bytes;
    *got = 0;
    while (*got < n) {
        ssize_t r = pread(fd, at + *got, n - *got, (off_t)(offset + *got));
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return errno;
        if (r == 0) break;
        *got += (size_t)r;
    }
    return 0;
}

int file_sync_data(int fd) {
    int error = fault_due(FAULT_SYNC);
    if (error) return error;
    return fdatasync(fd) == 0 ? 0 : errno;
}

int file_sync_directory(const char *path) {
    int error = fault_due(FAULT_SYNC);
    if (error) return error;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno;
    error = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int file_rename(const char *from, const char *to) { return rename(from, to) == 0 ? 0 : errno; }
int file_remove(const char *path) { return unlink(path) == 0 ? 0 : errno; }

int file_make_directories(const char *path, int mode) {
    char part[4096];
    size_t n = strlen(path);
    if (n == 0) return ENOENT;
    if (n >= sizeof part) return ENAMETOOLONG;
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != 0) continue;
        char kept = part[i];
        part[i] = 0;
        if (mkdir(part, (mode_t)mode) != 0 && errno != EEXIST) {
            /* An existing directory on the way may be read-only to us: that is no failure. */
            int error = errno;
            struct stat there;
            if (stat(part, &there) != 0 || !S_ISDIR(there.st_mode)) return error;
        }
        part[i] = kept;
    }
    struct stat there;
    if (stat(path, &there) != 0) return errno;
    return S_ISDIR(there.st_mode) ? 0 : ENOTDIR;
}
