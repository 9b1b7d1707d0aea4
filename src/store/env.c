/* LMDB's environment: opening, readers, growth. */
#define LMDB_FILES_HERE
#include "store/internal.h"
#include "store/lmdb_files.h"

#include <errno.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { AHEAD_MIN = 64 << 10, AHEAD_MAX = 1 << 20 };

/* ---- readers. LMDB's read transactions are reset and renewed, not made anew. A slot that is taken is
 * also the count that growth waits for. ---- */

/* How many snapshots this thread holds: a second one must pass a closed gate, which waits for the
 * first to end. Thread-local because it is about the thread alone. */
static _Thread_local u32 held_here;

static void wait_at_gate(struct env *e) {
    pthread_mutex_lock(&e->gate_lock);
    while (atomic_load(&e->gate_closed)) pthread_cond_wait(&e->gate_opened, &e->gate_lock);
    pthread_mutex_unlock(&e->gate_lock);
}

static struct reader *take_slot(struct env *e) {
    /* Start where this thread was last time: its cache line, its renewed transaction. */
    static _Thread_local u32 hint;
    for (u32 tried = 0;; tried++) {
        struct reader *r = &e->readers[(hint + tried) % READERS_MAX];
        bool free = false;
        if (!atomic_load_explicit(&r->taken, memory_order_relaxed)
            && atomic_compare_exchange_strong(&r->taken, &free, true)) {
            hint = (hint + tried) % READERS_MAX;
            return r;
        }
        if (tried % READERS_MAX == READERS_MAX - 1) sched_yield();
    }
}

static int renew(struct env *e, struct reader *r) {
    return r->txn ? mdb_txn_renew(r->txn) : mdb_txn_begin(e->lmdb, NULL, MDB_RDONLY, &r->txn);
}

struct reader *env_reader_take(struct env *e) {
    struct reader *r = take_slot(e);
    while (atomic_load(&e->gate_closed) && !held_here) {
        atomic_store(&r->taken, false);
        wait_at_gate(e);
        r = take_slot(e);
    }
    held_here++;
    atomic_store_explicit(&r->since_us, sys_monotonic_us(), memory_order_relaxed);
    r->cursor_taken = false;
    int code;
    /* A commit failed this moment and the writer is about to forgive: env_forgive. */
    while ((code = renew(e, r)) == MDB_PANIC) usleep(50);
    if (code) store_damaged("snapshot", code);
    atomic_store_explicit(&r->number, mdb_txn_id(r->txn), memory_order_relaxed);
    return r;
}

MDB_cursor *env_reader_cursor(struct env *e, struct reader *r) {
    int code = r->cursor ? mdb_cursor_renew(r->txn, r->cursor) : mdb_cursor_open(r->txn, e->rows, &r->cursor);
    if (code) store_damaged("cursor", code);
    return r->cursor;
}

void env_reader_give(struct env *e, struct reader *r) {
    mdb_txn_reset(r->txn);
    held_here--;
    atomic_store(&r->taken, false);
}

/* ---- the gate ---- */
static void gate_close(struct env *e) {
    atomic_store(&e->gate_closed, true);
    lmdb_stop_copies(true);
    for (u32 i = 0; i < READERS_MAX; i++)
        for (u32 spins = 0; atomic_load(&e->readers[i].taken); spins++) {
            if (spins < 100) sched_yield();
            else usleep(100);
        }
}

static void gate_open(struct env *e) {
    lmdb_stop_copies(false);
    pthread_mutex_lock(&e->gate_lock);
    atomic_store(&e->gate_closed, false);
    pthread_cond_broadcast(&e->gate_opened);
    pthread_mutex_unlock(&e->gate_lock);
}

/* ---- opening ---- */
/* A file that was cut short would end the process by SIGBUS at the first read behind its end. */
static int check_length(struct env *e) {
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    int fd;
    mdb_env_info(e->lmdb, &info);
    mdb_env_stat(e->lmdb, &stat);
    if (mdb_env_get_fd(e->lmdb, &fd) != 0 || fstat(fd, &file) != 0) return errno;
    e->written_bytes = (u64)file.st_size;
    return (u64)file.st_size < (info.me_last_pgno + 1) * stat.ms_psize ? ENV_TRUNCATED : 0;
}

static int lmdb_open(struct env *e) {
    int code = mdb_env_create(&e->lmdb);
    if (code) return code;
    /* NORDAHEAD: reads are of single rows; read-ahead would fill memory with neighbours. */
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD | (e->ephemeral ? MDB_NOSYNC : 0);
    MDB_txn *txn = NULL;
    if ((code = mdb_env_set_mapsize(e->lmdb, e->map_bytes)) == 0
        && (code = mdb_env_set_maxreaders(e->lmdb, READERS_MAX + 8)) == 0
        && (code = mdb_env_open(e->lmdb, e->path, flags, 0600)) == 0
        && (code = check_length(e)) == 0
        && (code = mdb_txn_begin(e->lmdb, NULL, 0, &txn)) == 0) {
        code = mdb_dbi_open(txn, NULL, 0, &e->rows);
        if (code) mdb_txn_abort(txn);
        else code = mdb_txn_commit(txn);
    }
    if (code) {
        mdb_env_close(e->lmdb);
        e->lmdb = NULL;
        return code;
    }
    ASSERT(mdb_env_get_maxkeysize(e->lmdb) >= KEY_MAX);
    MDB_envinfo info; /* the file may hold more than was asked for */
    mdb_env_info(e->lmdb, &info);
    e->map_bytes = info.me_mapsize;
    MDB_stat stat;
    mdb_env_stat(e->lmdb, &stat);
    e->page_bytes = stat.ms_psize;
    env_note(e);
    return 0;
}

static void lmdb_close(struct env *e) {
    for (u32 i = 0; i < READERS_MAX; i++) {
        struct reader *r = &e->readers[i];
        if (r->cursor) mdb_cursor_close(r->cursor);
        if (r->txn) mdb_txn_abort(r->txn);
        r->cursor = NULL;
        r->txn = NULL;
    }
    if (e->lmdb) mdb_env_close(e->lmdb);
    e->lmdb = NULL;
}

int env_open(struct env *e, const char *path, bool ephemeral, size_t map_bytes) {
    e->path = path;
    e->ephemeral = ephemeral;
    e->map_bytes = map_bytes;
    pthread_mutex_init(&e->gate_lock, NULL);
    pthread_cond_init(&e->gate_opened, NULL);
    return lmdb_open(e);
}

void env_close(struct env *e) {
    lmdb_close(e);
    pthread_mutex_destroy(&e->gate_lock);
    pthread_cond_destroy(&e->gate_opened);
}

int env_grow(struct env *e) {
    gate_close(e);
    size_t larger = MAX(e->map_bytes * 2, atomic_load(&e->map_wanted));
    int code = mdb_env_set_mapsize(e->lmdb, larger);
    if (code == 0) {
        e->map_bytes = larger;
    } else { /* LMDB let go of the old map before it failed */
        lmdb_close(e);
        int again = lmdb_open(e);
        if (again) store_damaged("reopen", again);
    }
    gate_open(e);
    log_line(code ? LOG_ERROR : LOG_INFO, "store_grows", "map_mib=%zu%s%s", larger >> 20,
             code ? " error=" : "", code ? mdb_strerror(code) : "");
    return code;
}

void lmdb_forgive(MDB_env *env); /* lmdb.c */
void env_forgive(struct env *e) { lmdb_forgive(e->lmdb); }

void env_note(struct env *e) {
    MDB_envinfo info;
    mdb_env_info(e->lmdb, &info);
    atomic_store_explicit(&e->used_bytes, (info.me_last_pgno + 1) * e->page_bytes, memory_order_relaxed);
    atomic_store_explicit(&e->mapped_bytes, e->map_bytes, memory_order_relaxed);
    atomic_store(&e->last_commit, info.me_last_txnid);
}

/* A write behind the end of a file makes the sync that follows write the file's own record and lists of
 * blocks as well, and wait for them: twice the time. So some way ahead of LMDB zeros are written, which
 * are synced with the batch in which that happens. Only the writer's thread makes the file longer: what
 * stands before its end is LMDB's. */
void env_write_ahead(struct env *e) {
    static const char zeros[4096];
    u64 used = atomic_load_explicit(&e->used_bytes, memory_order_relaxed);
    u64 ahead = MIN(MAX(used / 2, AHEAD_MIN), AHEAD_MAX);
    struct stat file;
    int fd;
    if (e->ephemeral || used + ahead / 2 <= e->written_bytes) return;
    if (mdb_env_get_fd(e->lmdb, &fd) != 0 || fstat(fd, &file) != 0) return;
    struct iovec parts[AHEAD_MIN / sizeof zeros];
    for (size_t i = 0; i < LENGTH(parts); i++) parts[i] = (struct iovec){(void *)(uintptr_t)zeros, sizeof zeros};
    u64 end = (u64)file.st_size, until = MIN(used + ahead, (u64)e->map_bytes - AHEAD_MIN);
    while (end < until && file_write_vector_at(fd, parts, LENGTH(parts), end) == 0) end += AHEAD_MIN;
    e->written_bytes = MAX(end, until); /* less on a full disk: LMDB's own write will tell */
}

bool env_nearly_full(struct env *e, size_t coming) {
    return atomic_load_explicit(&e->used_bytes, memory_order_relaxed) + coming * 2 > e->map_bytes
           || atomic_load(&e->map_wanted) > e->map_bytes;
}
