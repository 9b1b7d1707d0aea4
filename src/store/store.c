/* Opening and closing; what the parts share. */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LMDB_FILES_HERE
#include "store/lmdb_files.h"

enum { MAP_BYTES_FIRST = 1 << 30 };

const struct error store_unavailable = {"ServiceUnavailable", NULL, 503, 0xffff, false};
const char store_rows_name[] = "rows";

/* ---- shared ---- */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    bool started = pthread_create(thread, &attributes, run, context) == 0;
    pthread_attr_destroy(&attributes);
    if (started) pthread_setname_np(*thread, name);
    return started;
}

void cond_init_monotonic(pthread_cond_t *cond) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, i64 until_us) {
    if (until_us == INT64_MAX) {
        pthread_cond_wait(cond, lock);
        return;
    }
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    pthread_cond_timedwait(cond, lock, &until);
}

struct key store_key(struct arena *a, const char *kind) {
    struct key k = key_new(a, S("store"));
    key_str(&k, str_of(kind));
    return k;
}

str store_base_key(struct arena *a) {
    struct key k = store_key(a, "base");
    return key_bytes(&k);
}

str store_base_value(struct txn *t, struct arena *a) {
    return arena_format(a, "%llu", (unsigned long long)(t->number >> COMMIT_SHIFT));
}

/* ---- the directory: one process, one format ---- */
static str path_in(struct arena *a, const char *directory, const char *name) {
    return arena_format(a, "%s/%s", directory, name);
}

static str failed(struct arena *a, const char *what, const char *path, int error) {
    char reason[128];
    const char *advice = error == EACCES || error == EPERM || error == EROFS
                             ? " (the user that runs brume must be able to read and write it)"
                             : error == ENOTDIR || error == EEXIST ? " (a directory is needed there)" : "";
    return arena_format(a, "%s %s: %s%s", what, path, strerror_r(error, reason, sizeof reason), advice);
}

static bool lock_directory(struct store *s, struct arena *boot, str *problem) {
    const char *path = arena_c_string(boot, path_in(boot, s->directory, "lock"));
    int error = file_open(path, O_RDWR | O_CREAT, 0600, &s->lock_fd);
    if (error) {
        *problem = failed(boot, "cannot open", path, error);
        return false;
    }
    char pid[32] = {0};
    size_t n = 0;
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        file_read_at(s->lock_fd, pid, sizeof pid - 1, 0, &n);
        *problem = arena_format(boot, "%s is in use by process %.*s", s->directory, STR_ARGS(str_trim((str){pid, n})));
        return false;
    }
    n = (size_t)snprintf(pid, sizeof pid, "%-10ld", (long)getpid());
    error = file_write_at(s->lock_fd, pid, n, 0);
    if (error) *problem = failed(boot, "cannot write", path, error);
    return error == 0;
}

static bool format_read(struct store *s, struct arena *boot, const char *path, str *problem) {
    int fd, error = file_open(path, O_RDONLY, 0, &fd);
    if (error) {
        *problem = failed(boot, "cannot open", path, error);
        return false;
    }
    char text[64];
    size_t n = 0;
    error = file_read_at(fd, text, sizeof text, 0, &n);
    close(fd);
    str number = str_trim((str){text, n});
    u64 format = 0;
    if (number.n && number.p[number.n - 1] == '\n') number.n--;
    if (error || !str_starts(number, S("brume ")) || !str_to_u64(str_skip(number, 6), &format) || !format) {
        *problem = arena_format(boot, "%s is not a data directory of brume", s->directory);
        return false;
    }
    if (format > STORE_FORMAT) {
        *problem = arena_format(boot, "%s has format %llu; this brume knows formats up to %d", s->directory,
                                (unsigned long long)format, STORE_FORMAT);
        return false;
    }
    return true; /* an upgrade from an older format goes here, one step a format */
}

static bool format_write(struct store *s, struct arena *boot, const char *path, str *problem) {
    const char *fresh = arena_c_string(boot, path_in(boot, s->directory, "format.new"));
    str text = arena_format(boot, "brume %d\n", STORE_FORMAT);
    int fd, error = file_open(fresh, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd);
    if (!error) {
        error = file_write_at(fd, text.p, text.n, 0);
        if (!error && !s->config.ephemeral) error = file_sync_data(fd);
        close(fd);
    }
    if (!error) error = file_rename(fresh, path);
    if (!error && !s->config.ephemeral) error = file_sync_directory(s->directory);
    if (error) *problem = failed(boot, "cannot write", path, error);
    return error == 0;
}

static bool check_format(struct store *s, struct arena *boot, str *problem) {
    const char *path = arena_c_string(boot, path_in(boot, s->directory, "format"));
    if (access(path, F_OK) == 0) return format_read(s, boot, path, problem);
    const char *rows = arena_c_string(boot, path_in(boot, s->directory, store_rows_name));
    if (access(rows, F_OK) == 0) { /* never guess at a file that has no format */
        *problem = arena_format(boot, "%s has data but no format file", s->directory);
        return false;
    }
    return format_write(s, boot, path, problem);
}

static const char put_back[] = "put the directory back from a copy or a saved cloud, or begin with an empty one";

/* The root key is made once the empty rows are durable. So rows that are missing beside it are lost; and
 * without it, rows of no more than LMDB's two meta pages are what a power cut left of the first start:
 * it begins again. */
static bool prepare_rows(struct store *s, struct arena *boot, const char *path, bool *born, str *problem) {
    enum { META_BYTES = 2 * 4096 };
    struct stat rows = {0};
    *born = stat(path, &rows) != 0 && errno == ENOENT;
    bool key = access(arena_c_string(boot, path_in(boot, s->directory, "root.key")), F_OK) == 0;
    if (key && rows.st_size == 0) {
        *problem = arena_format(boot, "%s is missing or empty beside its root.key: %s", path, put_back);
        return false;
    }
    if (!key && !*born && rows.st_size <= META_BYTES) *born = file_remove(path) == 0;
    return true;
}

static str rows_problem(struct arena *boot, const char *path, int code) {
    if (code == ENV_TRUNCATED) return arena_format(boot, "%s was cut short: %s", path, put_back);
    if (code == MDB_INVALID || code == MDB_VERSION_MISMATCH || code == MDB_CORRUPTED)
        return arena_format(boot, "%s is damaged or not of brume: %s", path, put_back);
    return failed(boot, "cannot open", path, code);
}

static bool open_rows(struct store *s, struct arena *boot, str *problem) {
    const char *path = arena_c_string(boot, path_in(boot, s->directory, store_rows_name));
    bool born;
    if (!prepare_rows(s, boot, path, &born, problem)) return false;
    /* LMDB's own lock file only knows readers of a process that is gone: our lock is exclusive. */
    file_remove(arena_c_string(boot, path_in(boot, s->directory, "rows-lock")));
    int code = env_open(&s->env, path, s->config.ephemeral, s->config.map_bytes);
    if (!code && born && !s->config.ephemeral) code = mdb_env_sync(s->env.lmdb, 1);
    if (code) *problem = rows_problem(boot, path, code);
    return code == 0;
}

static void load(struct store *s) {
    struct arena a = {0};
    struct txn *t = store_snapshot(s, &a);
    clock_load(s, t);
    str base;
    if (txn_get(t, store_base_key(&a), &base)) ASSERT(str_to_u64(base, &s->number_base));
    store_snapshot_end(t);
    arena_free(&a);
}

static void configure(struct store *s, struct arena *boot, const struct store_config *config) {
    s->config = *config;
    s->config.directory = s->directory = arena_c_string(boot, str_of(config->directory));
    if (!s->config.batch_functions) s->config.batch_functions = 256;
    s->config.batch_functions = MIN(s->config.batch_functions, (1u << COMMIT_SHIFT) - 2);
    if (!s->config.batch_bytes) s->config.batch_bytes = 8 << 20;
    if (!s->config.map_bytes) s->config.map_bytes = MAP_BYTES_FIRST;
    if (!s->config.zones) s->config.zones = 1;
    s->lock_fd = -1;
    s->epoch = 1;
    u64 delay_us = config->flush_delay_us;
    if (!delay_us && !str_to_u64(str_of(getenv("BRUME_BENCH_FLUSH_DELAY_US")), &delay_us)) delay_us = 0;
    lmdb_set_flush_delay((unsigned)MIN(delay_us, 1000000u));
}

struct store *store_open(struct arena *boot, const struct store_config *config, str *problem) {
    struct store *s = NEW(boot, struct store);
    configure(s, boot, config);
    int error = file_make_directories(s->directory, 0700);
    if (error) {
        *problem = failed(boot, "cannot make", s->directory, error);
        return NULL;
    }
    if (!lock_directory(s, boot, problem) || !check_format(s, boot, problem) || !open_rows(s, boot, problem)) {
        if (s->lock_fd >= 0) close(s->lock_fd);
        return NULL;
    }
    pthread_mutex_init(&s->waits.lock, NULL);
    load(s);
    workers_start(s);
    writer_start(s);
    s->blobs = blobs_open(s, &s->config, boot, problem);
    if (!s->blobs) {
        writer_stop(s);
        workers_stop(s);
        env_close(&s->env);
        close(s->lock_fd);
        return NULL;
    }
    blobs_start(s->blobs);
    scheduler_start(s); /* last: tasks that are due run at once */
    return s;
}

void store_close(struct store *s) {
    blobs_stop(s->blobs);
    scheduler_stop(s);
    workers_stop(s);
    writer_stop(s);
    blobs_close(s->blobs);
    env_close(&s->env);
    close(s->lock_fd);
}

/* ---- snapshots ---- */
struct txn *store_snapshot(struct store *s, struct arena *a) {
    struct txn *t = NEW(a, struct txn);
    struct reader *r = env_reader_take(&s->env);
    txn_begin(t, s, a, r->txn);
    t->reader = r;
    /* All of that commit's functions, and their notices, stand before this look. */
    t->number = (s->number_base + mdb_txn_id(r->txn)) << COMMIT_SHIFT | ((1u << COMMIT_SHIFT) - 1);
    return t;
}

void store_snapshot_end(struct txn *t) {
    if (t->walks_all) txn_end_walks(t);
    env_reader_give(&t->store->env, t->reader);
    t->lmdb = NULL;
}

/* ---- for the blob part ---- */
struct blobs *store_blobs(struct store *s) { return s->blobs; }
const char *store_directory(struct store *s) { return s->directory; }

u64 store_oldest_snapshot(struct store *s) {
    u64 oldest = atomic_load(&s->env.last_commit);
    for (u32 i = 0; i < READERS_MAX; i++) {
        const struct reader *r = &s->env.readers[i];
        if (atomic_load(&r->taken)) oldest = MIN(oldest, atomic_load(&r->number));
    }
    return (s->number_base + oldest) << COMMIT_SHIFT | ((1u << COMMIT_SHIFT) - 1);
}

/* No page that the copy may read is used again while it runs, so every write needs new room. The map
 * is given that beforehand; should it not do, growth ends the copy, which begins again with more. */
static err nothing(void *context, struct txn *t) { return NULL; }

static err want_room(struct store *s, u32 times) {
    struct arena a = {0};
    size_t want = (size_t)atomic_load(&s->env.used_bytes) * times;
    if (want > atomic_load(&s->env.map_wanted)) atomic_store(&s->env.map_wanted, want);
    err result = store_write(s, &a, nothing, NULL); /* the writer grows the map before a batch */
    arena_free(&a);
    return result;
}

int store_copy_rows(struct store *s, int fd) {
    int code = ECANCELED;
    for (u32 times = 4; code == ECANCELED && times <= 256; times *= 2) {
        if (want_room(s, times)) return EIO;
        if (lseek(fd, 0, SEEK_SET) != 0 || ftruncate(fd, 0) != 0) return errno;
        struct reader *r = env_reader_take(&s->env); /* LMDB's own transaction in there does not hold the gate */
        code = mdb_env_copyfd2(s->env.lmdb, fd, MDB_CP_COMPACT);
        env_reader_give(&s->env, r);
    }
    return code;
}

/* ---- counters ---- */
struct store_stats store_stats(struct store *s) {
    struct store_stats stats = {
        .commits = s->counts.commits,
        .functions = s->counts.functions,
        .flushes = s->counts.flushes,
        .entries = s->counts.entries,
        .longest_function_us = s->counts.longest_function_us,
        .map_bytes = s->env.mapped_bytes,
        .used_bytes = s->env.used_bytes,
    };
    i64 now = sys_monotonic_us();
    for (u32 i = 0; i < READERS_MAX; i++) {
        const struct reader *r = &s->env.readers[i];
        if (!atomic_load(&r->taken)) continue;
        stats.oldest_reader_ms = MAX(stats.oldest_reader_ms, (u64)MAX(now - atomic_load(&r->since_us), 0) / 1000);
    }
    return stats;
}
