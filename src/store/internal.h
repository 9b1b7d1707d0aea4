/* The store's inner view: what its files share. Nothing outside src/store/ includes this. */
#ifndef BRUME_STORE_INTERNAL_H
#define BRUME_STORE_INTERNAL_H

#include "store/blob_core.h"
#include "store/store.h"
#include "sys/sys.h"

#include <lmdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum {
    STORE_FORMAT = 1,
    READERS_MAX = 128,              /* snapshots open at once: one a thread, few threads */
    STACK_BYTES = 512 << 10,        /* writer, scheduler, workers: touched pages only cost memory */
    FUNCTION_SLOW_US = 5000,        /* logged from here on, as are those that write more than: */
    FUNCTION_ROWS = 1024,
    FUNCTION_BYTES = 16 << 20,
#ifdef __OPTIMIZE__
    OPTIMISED = 1,
#else
    OPTIMISED = 0,
#endif
    COMMIT_SHIFT = 16,              /* a number is commit << 16 | function of the batch */
    SEQUENCE_SHIFT = 20,            /* a sequence is commit << 20 | call of the batch */
};

/* ---- one transaction: a snapshot, or one function's turn in the writer's batch ---- */

/* What a function does, in order. The log is what a savepoint cuts back; the newest PUT or DELETE of
 * each key also stands in `order`, sorted. The other kinds take effect with the commit. */
enum change_kind {
    CHANGE_PUT,
    CHANGE_DELETE,
    CHANGE_NOTIFY,      /* key: topic; n: items */
    CHANGE_DUE,         /* n: a task falls due then */
    CHANGE_EPOCH,
    CHANGE_AFTER,
};
struct change {
    enum change_kind kind;
    u32 function; /* NOTIFY: place in the batch */
    str key, value;
    union {
        u64 n;
        struct txn_after *after; /* AFTER */
    };
    struct change *shadowed; /* PUT, DELETE: the same key's change before this one */
    struct change *next;     /* private to the batch: list of those that take effect */
};

/* A cursor over LMDB and where the merged walk stands. Reused within its transaction. */
struct walk {
    MDB_cursor *cursor;
    MDB_val key, value; /* the row under the cursor, if `row` */
    bool row, consumed; /* consumed: the row was handed out, step before the next look */
    str bound;          /* changes are looked for from here */
    bool bound_included;
    struct walk *next, *next_all;
};

struct reader; /* below: a pooled LMDB read transaction */
struct txn {
    struct store *store;
    struct arena *arena;
    MDB_txn *lmdb;
    bool writable;
    u64 number; /* txn_number */
    struct reader *reader;  /* of a snapshot */
    struct batch *batch;    /* of a writer's turn */
    struct change **order;  /* sorted by key */
    struct change **log;    /* in order of the calls */
    u32 order_n, order_capacity, log_n, log_capacity;
    size_t bytes;           /* of keys and values put */
    struct walk *walks;     /* at rest, ready for the next range */
    struct walk *walks_all; /* of a snapshot; the writer's belong to the batch */
};

/* Adds an act other than put and delete: part of the log, so that a savepoint undoes it. */
struct change *txn_add_change(struct txn *t, enum change_kind kind);
void txn_begin(struct txn *t, struct store *s, struct arena *a, MDB_txn *lmdb);
void txn_end_walks(struct txn *t); /* of a snapshot: closes its cursors */
/* Puts the write set into the LMDB transaction; MDB_MAP_FULL or another LMDB code on failure. */
int txn_apply(struct txn *t);
/* A read of the LMDB transaction alone cannot say "disk" to its caller: damage is our own end. */
NORETURN void store_damaged(const char *what, int code);

/* ---- the writer's batch ---- */
struct batch_slot {
    struct store_work *work;
    struct arena_mark mark;
    err result;
};
struct batch {
    struct store *store;
    struct batch_slot *slots;
    u32 n;
    size_t bytes;
    MDB_txn *lmdb;
    u64 commit;            /* this batch's commit number */
    u32 sequence;          /* calls of txn_sequence so far */
    struct walk *walks_all; /* cursors live as long as the LMDB transaction */
    bool dirty;            /* LMDB's rows changed: the commit's number is used up */
    bool raises_epoch;
    i64 earliest_due_ms;   /* INT64_MAX: none set */
    struct change *notices, **notices_end;
    struct change *afters, **afters_end;
};

/* ---- env.c: LMDB's environment ---- */
struct reader {
    _Atomic bool taken;
    _Atomic i64 since_us;
    MDB_txn *txn;      /* reset, renewed when taken; NULL before its first use */
    MDB_cursor *cursor;
    bool cursor_taken; /* by this transaction's first range */
    _Atomic u64 number; /* the commit that the snapshot shows, while taken */
};
struct env {
    MDB_env *lmdb;
    MDB_dbi rows;
    const char *path;
    bool ephemeral;
    size_t map_bytes, page_bytes;
    u64 written_bytes; /* how far the file is written: ahead of what is used */
    _Atomic size_t map_wanted; /* from the next batch on */
    /* As of the last commit, for those who must not touch LMDB while the map may move. */
    _Atomic u64 last_commit, used_bytes, mapped_bytes;
    /* The gate: closed while the map grows, which needs that no transaction is open. Readers are counted by their slots. */
    _Atomic bool gate_closed;
    pthread_mutex_t gate_lock;
    pthread_cond_t gate_opened;
    struct reader readers[READERS_MAX];
};
enum { ENV_TRUNCATED = -1 };
/* 0, errno, ENV_TRUNCATED or LMDB's code. */
int env_open(struct env *e, const char *path, bool ephemeral, size_t map_bytes);
void env_close(struct env *e);
struct reader *env_reader_take(struct env *e);
MDB_cursor *env_reader_cursor(struct env *e, struct reader *r); /* its own, renewed; one range at a time */
void env_reader_give(struct env *e, struct reader *r);
/* Writer thread only; no write transaction is open, but in env_write_ahead: */
int env_grow(struct env *e); /* doubles the map, or as large as is wanted */
void env_forgive(struct env *e); /* after a failed commit: ends LMDB's panic */
void env_note(struct env *e); /* after open and each commit */
void env_write_ahead(struct env *e); /* before a commit: lengthens the file if the end is near */
bool env_nearly_full(struct env *e, size_t coming); /* grow before the batch rather than run it twice */

/* ---- writer.c ---- */
struct writer {
    _Atomic(struct store_work *) submitted; /* a stack; the writer takes all and turns it round */
    struct store_work *queue, **queue_end;  /* taken, in order; writer's own */
    sem_t wake;
    _Atomic bool closing;
    _Atomic i32 waiting;       /* submitted and not yet answered */
    _Atomic i32 wake_at;       /* the writer sleeps until so many wait */
    i32 callers_last;          /* that waited when the last batch was written: its own, and who came meanwhile */
    i64 commit_us_last, answered_us;
    struct batch batch;
    pthread_t thread;
};
void writer_start(struct store *s);
void writer_stop(struct store *s);

/* ---- wait.c ---- */
enum { WAIT_BUCKETS = 1024 };
struct wait_bucket {
    struct store_wait *first, *last; /* oldest first; topics of equal slot mixed */
    u64 notified;                    /* the newest number that notified a topic of this slot */
};
struct waits {
    pthread_mutex_t lock;
    struct wait_bucket buckets[WAIT_BUCKETS];
    struct store_wait *soonest; /* a pairing heap by deadline */
};
void waits_notify(struct store *s, const struct change *notices, u64 commit);
i64 waits_expire(struct store *s, i64 now_us); /* returns the next deadline, INT64_MAX for none */

/* ---- task.c, scheduler.c, clock.c ---- */
struct advance {
    i64 by_ms;
    bool coalesce;
    err result;
    sem_t done;
    struct advance *next;
};
struct flight; /* an outbox task on a worker */
struct scheduler {
    pthread_mutex_t lock;
    pthread_cond_t poked;
    bool poke, closing;
    _Atomic i64 planned_due_ms; /* the next task it knows of */
    struct advance *advances, **advances_end;
    struct flight *flights;
    u32 flights_n;
    _Atomic i64 hold_until_us; /* the disk failed: tasks rest until then */
    pthread_t thread;
};
void scheduler_start(struct store *s);
void scheduler_stop(struct store *s);
void scheduler_poke(struct store *s);

enum { TASK_TIMER, TASK_OUTBOX };
/* A stored task as its row has it. */
struct task_row {
    str payload;
    i64 due_ms;      /* where it stands in the due index */
    bool job;        /* was set with due 0 */
    u64 generation;  /* changes each time it is set */
    u64 attempts;
};
bool task_row_get(struct txn *t, str kind, str key, struct task_row *row);
void task_row_delete(struct txn *t, str kind, str key, const struct task_row *row);
/* Moves a failed task to a later time; nothing if it was set again or cancelled meanwhile. */
void task_row_postpone(struct txn *t, str kind, str key, u64 generation);
void tasks_after_epoch(struct txn *t); /* sets those kinds that follow the policy epoch */
/* The due index of one class from its start: false at the end. Parts are in the txn's arena. */
struct range task_due_range(struct txn *t, int class);
bool task_due_next(struct range *r, i64 *due_ms, str *kind, str *key);
const struct task_kind *task_kind_find(str name);

struct clock {
    _Atomic i64 offset_ms;
};
void clock_load(struct store *s, struct txn *t);
void clock_put(struct txn *t, i64 offset_ms);

/* ---- worker.c ---- */
enum { WORKERS_MAX = 16 };
struct worker {
    struct store *store;
    pthread_t thread;
    enum { WORKER_NONE, WORKER_RUNS, WORKER_LEFT } state;
};
struct workers {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct worker all[WORKERS_MAX];
    struct worker_job *queue, **queue_end;
    u32 threads, idle, queued;
    bool closing;
};
void workers_start(struct store *s);
void workers_stop(struct store *s);

/* ---- the whole ---- */
struct store {
    struct store_config config;
    void *_Atomic owner; /* store_set_owner */
    const char *directory;
    int lock_fd;
    u64 number_base; /* added to LMDB's transaction numbers: a loaded snapshot goes on counting */
    struct env env;
    struct writer writer;
    struct waits waits;
    struct scheduler scheduler;
    struct workers workers;
    struct clock clock;
    _Atomic u64 epoch;
    struct {
        _Atomic u64 commits, functions, flushes, entries, longest_function_us;
    } counts;
    struct blobs *blobs; /* the blob part's own */
};

/* The store's own rows: ("store", kind, ...). */
struct key store_key(struct arena *a, const char *kind);
/* The row that a saved cloud must carry for sequences to go on growing after it is loaded: its key,
 * and its value as of snapshot `t`. */
str store_base_key(struct arena *a);
str store_base_value(struct txn *t, struct arena *a);

/* Names the thread, gives it a small stack. */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context);
void cond_init_monotonic(pthread_cond_t *cond);
/* Waits at most until then (sys_monotonic_us); INT64_MAX: without end. */
void cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, i64 until_us);

#endif
