#include "engine/parquet.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 256 << 10, FILE_MAX = 1 << 30 };

static bool write_all(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool fill(int fd, struct arena *a, const struct parquet_source *source) {
    char *piece = arena_alloc(a, PIECE, 1);
    for (u64 at = 0; at < source->size; at += PIECE) {
        size_t n = (size_t)MIN(source->size - at, (u64)PIECE);
        if (!source->read(source->context, at, piece, n) || !write_all(fd, piece, n)) return false;
    }
    return true;
}

static enum parquet_outcome rows_read(struct sql *s, struct arena *a, int fd, size_t max, str *lines) {
    struct buf b = buf_new(a, max);
    str row, query = arena_format(a, "SELECT to_json(t) FROM read_parquet('/proc/self/fd/%d') AS t", fd);
    if (sql_ask(s, query, NULL, 0, NULL, NULL) != SQL_DONE) return PARQUET_BROKEN;
    while (!b.over && sql_next_row(s, &row)) {
        buf_add(&b, row);
        buf_char(&b, '\n');
    }
    *lines = buf_str(&b);
    return b.over ? PARQUET_TOO_LARGE : PARQUET_READ;
}

enum parquet_outcome parquet_lines(struct sql *s, struct arena *a, const struct parquet_source *source, size_t max, str *lines) {
    int fd = memfd_create("parquet", MFD_CLOEXEC);
    if (fd < 0) return PARQUET_BROKEN;
    enum parquet_outcome outcome = fill(fd, a, source) ? rows_read(s, a, fd, max, lines) : PARQUET_BROKEN;
    close(fd);
    return outcome;
}

static bool take(int fd, struct arena *a, str *bytes) {
    struct stat st;
    if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > FILE_MAX) return false;
    size_t n = (size_t)st.st_size, done = 0;
    char *p = arena_alloc(a, n, 1);
    while (done < n) {
        ssize_t got = pread(fd, p + done, n - done, (off_t)done);
        if (got <= 0) return false;
        done += (size_t)got;
    }
    *bytes = (str){p, n};
    return true;
}

bool parquet_of(struct sql *s, struct arena *a, const char *query, str *bytes) {
    int fd = memfd_create("parquet", MFD_CLOEXEC);
    if (fd < 0) return false;
    str copy = arena_format(a, "COPY (%s) TO '/proc/self/fd/%d' (FORMAT parquet, USE_TMP_FILE false)", query, fd);
    bool done = sql_run(s, arena_c_string(a, copy)) && take(fd, a, bytes);
    close(fd);
    return done;
}
