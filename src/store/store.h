/* The store: ordered keys and values in transactions, durable when acknowledged.
 *
 * One LMDB environment per data directory, one writer thread. A write is a function: it reads through
 * its own write set on top of the batch, collects puts and deletes there, and either applies all or
 * nothing. The writer runs many functions, commits once, and only then answers them all, those that
 * failed too: their answer may rest on rows that were not yet durable. So a function is straight-line
 * code, serialisable by construction, with no lock. It may be run again: it has no effect outside
 * its write set and its arena.
 *
 * Reads run on a snapshot in any thread. A snapshot never lives across a wait or a network write.
 * Views returned by get and range are valid until the transaction ends or the same key is written. */
#ifndef BRUME_STORE_H
#define BRUME_STORE_H

#include "base/arena.h"

struct store;
struct txn;

struct store_config {
    const char *directory; /* made if missing, 0700 */
    bool ephemeral;        /* no syncs; the caller removes the directory at the end */
    u32 batch_functions;   /* 0: 256 */
    size_t batch_bytes;    /* 0: 8 MiB */
    size_t map_bytes;      /* of the sparse map at first, it grows by itself; 0: 1 GiB */
    u32 flush_delay_us;    /* bench only: added to each flush, to see a slower disk; 0: what
                            * BRUME_BENCH_FLUSH_DELAY_US says */
    int zones;             /* availability zones with a blob directory each; 0: 1 (blob.h) */
    const char *passphrase; /* that seals root.key; NULL: none */
    bool owned;            /* tasks rest until store_set_owner: they count on the layer above */
};
/* NULL and *problem when it cannot: locked by another process (says which), a newer format, I/O. */
struct store *store_open(struct arena *boot, const struct store_config *config, str *problem);
void store_close(struct store *s); /* ends the batch in flight, stops threads */
/* What the layer above keeps with a store, so that tasks find it: set once, before the first request. NULL
 * until then. */
void store_set_owner(struct store *s, void *owner);
void *txn_owner(const struct txn *t);

extern const struct error store_unavailable; /* the disk failed: ServiceUnavailable 503 */

/* ---- keys: ordered tuples; the encoding keeps the order of the parts. Strings may hold any byte.
 * Begin with the room's own prefix: key_new(a, "sqs"), then account, region, type, ids. ---- */
enum { KEY_MAX = 1900 };
struct key {
    struct buf buf;
};
struct key key_new(struct arena *a, str room);
void key_str(struct key *k, str part); /* compares by bytes, shorter first */
void key_u64(struct key *k, u64 part); /* big-endian, 8 bytes */
void key_i64(struct key *k, i64 part); /* order of the numbers */
/* A part without terminator: last part only, for prefix ranges inside a string (S3 list by prefix). */
void key_str_prefix(struct key *k, str part);
/* Each byte 0x00 or 0x01 of a string takes two: ask before a put where a caller chose the string. */
bool key_fits(const struct key *k);
/* What does not fit names no row: it is not found, nothing is below it, deleting it does nothing; txn_put asserts. */
str key_bytes(const struct key *k);
/* The exclusive end of the range of all keys that start with `prefix`. */
str key_after_prefix(struct arena *a, str prefix);
/* Reads the parts back, in order; false when the key has another form. */
bool key_read_str(str *rest, struct arena *a, str *part);
bool key_read_u64(str *rest, u64 *part);
bool key_read_i64(str *rest, i64 *part);

/* ---- inside a transaction ---- */
struct arena *txn_arena(struct txn *t);
bool txn_writable(const struct txn *t);
bool txn_get(struct txn *t, str key, str *value); /* value may be NULL */
void txn_put(struct txn *t, str key, str value);  /* copies both into the write set */
void txn_delete(struct txn *t, str key);          /* absent: nothing happens */
/* Ranges [from, to), in order or backwards. Puts and deletes during the walk are allowed and seen. */
struct range {
    struct txn *txn; /* private from here */
    str from, to;
    bool backwards, started;
    str last;
    void *cursor;
};
struct range txn_range(struct txn *t, str from, str to);
struct range txn_range_backwards(struct txn *t, str from, str to);
bool range_next(struct range *r, str *key, str *value);
/* Moves a forward range on to the first key >= `to_key`, which must not lie behind: skips a common
 * prefix in one step. */
void range_seek(struct range *r, str to_key);
/* A savepoint is a mark in the write set: one entry of a batch may fail alone. */
size_t txn_mark(const struct txn *t);
void txn_undo(struct txn *t, size_t mark);
/* `run` is called once on the writer thread, after the commit and before the answers; never when the
 * function failed or the mark before it was undone. Memory of the function's arena. It may not block. */
struct txn_after {
    void (*run)(struct txn_after *after);
};
void txn_after_commit(struct txn *t, struct txn_after *after);
/* A number that grows with every commit of the store: never repeats, ordered by commit and, within
 * one function, by call. For message sequence numbers, version ids. Writable only. */
u64 txn_sequence(struct txn *t);

/* ---- snapshots: short reads in any thread ---- */
struct txn *store_snapshot(struct store *s, struct arena *a);
void store_snapshot_end(struct txn *t);

/* ---- the writer. `run` is called on the writer thread; NULL applies the write set, an error drops
 * it. `done` is called on the writer thread after the batch's commit (post to your own thread there),
 * with run's result, or &store_unavailable when the commit failed. The work is the caller's memory and
 * stays valid until done. Before a re-run the arena is rewound to where it was. ---- */
struct store_work {
    err (*run)(struct store_work *w, struct txn *t);
    void (*done)(struct store_work *w, err result);
    struct arena *arena; /* for run; belongs to the writer between submit and done */
    struct store_work *next; /* private */
};
void store_submit(struct store *s, struct store_work *w);
/* The same, waiting; for boot, tests and workers, never on a loop thread. */
err store_write(struct store *s, struct arena *a, err (*run)(void *context, struct txn *t), void *context);

/* ---- waits by topic: a commit wakes at most as many waiters of a topic as it brought items, oldest
 * first. ---- */
void txn_notify(struct txn *t, str topic, u32 items); /* at commit */
struct store_wait {
    /* Once; on the writer's or the timers' thread, or inside store_wait when the topic was notified
     * since `seen`. Under the store's lock: post, do not work, do not call store_wait. */
    void (*wake)(struct store_wait *w);
    bool timed_out, waiting; /* timed_out: set before wake; the rest is private */
    str topic;
    i64 deadline_us;
    struct store_wait *older, *newer;          /* of the same slot */
    struct store_wait *child, *sibling, *back; /* in the heap of deadlines */
};
/* Registers before the caller's next look: no wake is lost between a look that found nothing (its
 * txn_number is `seen`; a snapshot's or a writing function's) and this. A wake is a hint: it may come
 * for nothing. The bytes of `topic` are the caller's until the wake. The deadline is in
 * sys_monotonic_us; INT64_MAX: none. Who is woken and then does not take what came passes it on by
 * txn_notify. */
u64 txn_number(const struct txn *t);
void store_wait(struct store *s, struct store_wait *w, str topic, u64 seen, i64 deadline_us);
/* False: already woken, and wake has returned. */
bool store_wait_cancel(struct store *s, struct store_wait *w);

/* ---- the cloud's clock: wall time plus a stored offset that only grows (design: lifecycle rules of
 * 90 days in milliseconds). ---- */
i64 store_now_ms(struct store *s);
i64 store_ahead_ms(struct store *s); /* that offset */
/* Fires due timers in order, each seeing its own due time as now; returns when they and the jobs they
 * caused are done. */
err store_clock_advance(struct store *s, i64 by_ms, bool coalesce);

/* ---- tasks: what happens later. One mechanism, three uses:
 *   timer   due at a time of the cloud's clock; runs as a write function
 *   job     due at once; one slice a transaction; says whether there is more
 *   outbox  an effect outside the store (an HTTP push, a process): runs on a worker WITHOUT a
 *           transaction, then its `settle` runs as a write function. At least once.
 * Rows, so they survive a crash; kinds are registered by table before the store opens. ---- */
struct task {
    str kind;    /* a registered name */
    str key;     /* with kind: identity; setting it again replaces */
    str payload; /* a record of the room */
    i64 due_ms;  /* cloud clock; 0: at once */
    struct store *store; /* filled for perform: to read on a snapshot, to stage blobs */
};
struct task_kind {
    const char *name;
    /* Timer and job: in the writer. The task's row is already deleted; set it again to go on. `now`
     * is the task's own due time (jobs: the clock). */
    err (*run)(struct txn *t, const struct task *task, i64 now_ms);
    /* Outbox: on a worker. *result is handed to settle. May block. */
    err (*perform)(struct arena *a, const struct task *task, str *result);
    err (*settle)(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
    /* Not 0: a timer that is set, unless it stands, by each commit that raises the policy epoch (below), so long after it;
     * its key is its name. For who must find out what has become of a right. */
    i64 after_epoch_ms;
};
void txn_task_set(struct txn *t, const struct task *task);
void txn_task_cancel(struct txn *t, str kind, str key);
bool txn_task_get(struct txn *t, str kind, str key, struct task *task);
/* Before the store opens. The table ends with a row without a name and lives as long as the program. */
void store_register_tasks(const struct task_kind *kinds);

/* The store is about to close: `perform` that takes long ends soon, and its settle sets the task again for the next start. */
bool store_closing(struct store *s);

/* ---- policy epoch: raised by every commit that touches a principal, key, policy, grant or tag. ---- */
void txn_raise_epoch(struct txn *t);
bool txn_raised_epoch(const struct txn *t); /* this function, so far: what it reads of such things may be its own */
u64 store_epoch(struct store *s);

/* ---- workers: a small pool for blocking or long work. ---- */
struct worker_job {
    void (*run)(struct worker_job *job);
    struct worker_job *next; /* private */
};
void store_worker_submit(struct store *s, struct worker_job *job);

/* ---- counters, for /_brume/status and the bench ---- */
struct store_stats {
    u64 commits, functions, flushes, entries, map_bytes, used_bytes, oldest_reader_ms, longest_function_us;
};
struct store_stats store_stats(struct store *s);

#endif
