/* The writer: one thread that runs functions in batches, commits a batch at once and answers after. */
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>

enum { AWAKE = INT32_MAX, PATIENCE_MIN_US = 50, /* less than a sleep costs */ PATIENCE_MAX_US = 2000 };

/* ---- submission: a lock-free stack; who completes the number that a sleeping writer waits for wakes it ---- */
void store_submit(struct store *s, struct store_work *w) {
    struct writer *writer = &s->writer;
    ASSERT(!atomic_load_explicit(&writer->closing, memory_order_relaxed));
    struct store_work *newest = atomic_load_explicit(&writer->submitted, memory_order_relaxed);
    do w->next = newest;
    while (!atomic_compare_exchange_weak(&writer->submitted, &newest, w));
    i32 waiting = atomic_fetch_add(&writer->waiting, 1) + 1, wake_at = atomic_load(&writer->wake_at);
    if (waiting >= wake_at && atomic_compare_exchange_strong(&writer->wake_at, &wake_at, AWAKE))
        sem_post(&writer->wake);
}

static void take_submitted(struct writer *w) {
    if (!atomic_load_explicit(&w->submitted, memory_order_relaxed)) return;
    struct store_work *newest = atomic_exchange(&w->submitted, NULL), *oldest = NULL;
    struct store_work **end = newest ? &newest->next : w->queue_end;
    while (newest) {
        struct store_work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    if (!oldest) return;
    *w->queue_end = oldest;
    w->queue_end = end;
}

/* Until so many wait; may return early. */
static void sleep_until(struct writer *w, i32 waiting, i64 until_us) {
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    atomic_store(&w->wake_at, waiting);
    if (atomic_load(&w->waiting) < waiting && !atomic_load(&w->closing))
        (void)(until_us == INT64_MAX ? sem_wait(&w->wake) : sem_clockwait(&w->wake, CLOCK_MONOTONIC, &until));
    atomic_store(&w->wake_at, AWAKE);
}

/* Callers that were just answered often come again at once. Without a moment's patience they would
 * fall into groups that alternate, each waiting for the other's flush: half the speed. The patience is
 * a quarter of what the last commit took, counted from its end, and ends when as many are there as there
 * were: those that it answered and those that came meanwhile. A caller alone is in no group. */
static void collect(struct writer *w) {
    i64 patience_us = MIN(w->commit_us_last / 4, PATIENCE_MAX_US);
    if (patience_us < PATIENCE_MIN_US || w->callers_last <= 1 || atomic_load(&w->waiting) >= w->callers_last) return;
    if (sys_monotonic_us() < w->answered_us + patience_us) sleep_until(w, w->callers_last, w->answered_us + patience_us);
}

static struct store_work *pop(struct writer *w) {
    struct store_work *work = w->queue;
    w->queue = work->next;
    if (!w->queue) w->queue_end = &w->queue;
    return work;
}

/* ---- a batch ---- */
static void batch_reset(struct batch *b) {
    while (b->walks_all) { /* LMDB freed the cursors with its transaction */
        struct walk *w = b->walks_all;
        b->walks_all = w->next_all;
        free(w);
    }
    b->bytes = 0;
    b->sequence = 0;
    b->dirty = b->raises_epoch = false;
    b->earliest_due_ms = INT64_MAX;
    b->notices = NULL;
    b->notices_end = &b->notices;
    b->afters = NULL;
    b->afters_end = &b->afters;
}

static void harvest(struct batch *b, const struct txn *t, u32 function) {
    for (u32 i = 0; i < t->log_n; i++) {
        struct change *c = t->log[i];
        switch (c->kind) {
        case CHANGE_PUT:
        case CHANGE_DELETE: break;
        case CHANGE_NOTIFY:
            c->function = function;
            *b->notices_end = c;
            b->notices_end = &c->next;
            break;
        case CHANGE_AFTER:
            *b->afters_end = c;
            b->afters_end = &c->next;
            break;
        case CHANGE_DUE: b->earliest_due_ms = MIN(b->earliest_due_ms, (i64)c->n); break;
        case CHANGE_EPOCH:
            /* Now for the functions behind it in this batch; again after the commit for those who read
             * the new number and the old rows. */
            b->raises_epoch = true;
            atomic_fetch_add(&b->store->epoch, 1);
            break;
        }
    }
    b->bytes += t->bytes;
}

/* What a function sees, for those who wait for what comes after. A batch that changes nothing leaves its
 * number to the next one: as long as it has not, a look is one at the commit before. */
static u64 number_of_look(const struct batch *b, u32 function) {
    return b->dirty || b->notices ? b->commit << COMMIT_SHIFT | function : (b->commit << COMMIT_SHIFT) - 1;
}

static int run_function(struct batch *b, u32 i) {
    struct batch_slot *slot = &b->slots[i];
    struct store_work *w = slot->work;
    struct txn t;
    txn_begin(&t, b->store, w->arena, b->lmdb);
    t.writable = true;
    t.batch = b;
    t.number = number_of_look(b, i);
    for (struct walk *walk = b->walks_all; walk; walk = walk->next_all) {
        walk->next = t.walks;
        t.walks = walk;
    }
    i64 begin = sys_monotonic_us();
    slot->result = w->run(w, &t);
    int code = slot->result ? 0 : txn_apply(&t);
    i64 took = sys_monotonic_us() - begin;
    if (code) return code;
    if (!slot->result) harvest(b, &t, i);
    atomic_fetch_add_explicit(&b->store->counts.entries, slot->result ? 0 : t.order_n, memory_order_relaxed);
    if (t.order_n > FUNCTION_ROWS || t.bytes > FUNCTION_BYTES) {
        log_line(LOG_WARN, "large_function", "rows=%u bytes=%zu", t.order_n, t.bytes);
        ASSERT(OPTIMISED); /* a slice was meant: a debug build shows where */
    }
    if (took > FUNCTION_SLOW_US) log_line(LOG_WARN, "slow_function", "us=%lld rows=%u", (long long)took, t.order_n);
    if ((u64)took > atomic_load_explicit(&b->store->counts.longest_function_us, memory_order_relaxed))
        atomic_store_explicit(&b->store->counts.longest_function_us, (u64)took, memory_order_relaxed);
    return 0;
}

static int begin_lmdb(struct batch *b) {
    struct env *env = &b->store->env;
    int code = mdb_txn_begin(env->lmdb, NULL, 0, &b->lmdb);
    if (!code) b->commit = b->store->number_base + mdb_txn_id(b->lmdb);
    return code;
}

/* The first time, takes functions from the queue while there is room; a re-run takes the same ones. */
static int run_functions(struct batch *b, bool again) {
    const struct store_config *config = &b->store->config;
    struct writer *w = &b->store->writer;
    u32 n = again ? b->n : config->batch_functions;
    for (u32 i = 0; i < n; i++) {
        if (!again) {
            if (!w->queue) take_submitted(w);
            if (!w->queue || b->bytes >= config->batch_bytes) break;
            struct store_work *work = pop(w);
            b->slots[i] = (struct batch_slot){work, arena_mark(work->arena), NULL};
            b->n = i + 1;
        } else {
            arena_rewind(b->slots[i].work->arena, b->slots[i].mark);
        }
        int code = run_function(b, i);
        if (code) return code;
    }
    return 0;
}

/* A notice without a row still needs a commit number of its own, or those who look next would take
 * it for news again and again. */
static int touch(struct batch *b) {
    static const char key_bytes_[] = "store\0touched";
    MDB_val key = {sizeof key_bytes_, (void *)(uintptr_t)key_bytes_}, value = {sizeof b->commit, &b->commit};
    return mdb_put(b->lmdb, b->store->env.rows, &key, &value, 0);
}

static int attempt(struct batch *b, bool again) {
    batch_reset(b);
    int code = begin_lmdb(b);
    if (code && !again) b->n = 0;
    if (code) return code;
    code = run_functions(b, again);
    if (!code && b->notices && !b->dirty) code = touch(b);
    bool synced = !code && blob_batch_sync(b->store, b);
    if (!code && !synced) code = EIO;
    if (!code && b->dirty) env_write_ahead(&b->store->env);
    if (code) mdb_txn_abort(b->lmdb);
    else code = mdb_txn_commit(b->lmdb);
    b->lmdb = NULL;
    if (code) {
        env_forgive(&b->store->env);
        blob_batch_aborted(b->store, b);
    }
    return code;
}

/* A batch that could not even begin still answers those who wait. */
static void refuse_waiting(struct batch *b) {
    struct writer *w = &b->store->writer;
    take_submitted(w);
    while (w->queue && b->n < b->store->config.batch_functions) {
        struct store_work *work = pop(w);
        b->slots[b->n++] = (struct batch_slot){work, arena_mark(work->arena), NULL};
    }
}

static int commit(struct batch *b) {
    struct env *env = &b->store->env;
    if (env_nearly_full(env, b->store->config.batch_bytes)) env_grow(env);
    int code = attempt(b, false);
    while (code == MDB_MAP_FULL) {
        code = env_grow(env);
        if (!code) code = attempt(b, true);
    }
    if (code && !b->n) refuse_waiting(b);
    return code;
}

static void publish(struct batch *b) {
    struct store *s = b->store;
    env_note(&s->env);
    atomic_fetch_add_explicit(&s->counts.commits, 1, memory_order_relaxed);
    if (b->dirty && !s->config.ephemeral) atomic_fetch_add_explicit(&s->counts.flushes, 2, memory_order_relaxed);
    if (b->raises_epoch) atomic_fetch_add(&s->epoch, 1);
    if (b->notices) waits_notify(s, b->notices, b->commit);
    if (b->earliest_due_ms < atomic_load(&s->scheduler.planned_due_ms)) scheduler_poke(s);
    blob_batch_committed(s, b);
    for (struct change *c = b->afters; c; c = c->next) c->after->run(c->after);
}

static void answer(struct batch *b, bool failed) {
    struct writer *w = &b->store->writer;
    w->callers_last = atomic_fetch_sub(&w->waiting, (i32)b->n);
    atomic_fetch_add_explicit(&b->store->counts.functions, b->n, memory_order_relaxed);
    for (u32 i = 0; i < b->n; i++) {
        struct store_work *work = b->slots[i].work; /* the caller's again once done is called */
        work->done(work, failed ? &store_unavailable : b->slots[i].result);
    }
}

static void run_batch(struct store *s) {
    struct batch *b = &s->writer.batch;
    b->n = 0;
    i64 begin = sys_monotonic_us();
    int code = commit(b);
    s->writer.answered_us = sys_monotonic_us();
    s->writer.commit_us_last = s->writer.answered_us - begin;
    if (code) log_line(LOG_ERROR, "commit_failed", "functions=%u error=\"%s\"", b->n, mdb_strerror(code));
    else publish(b);
    if (code && b->raises_epoch) atomic_fetch_add(&s->epoch, 1); /* what was learnt inside the batch is not so */
    answer(b, code != 0);
}

static void *writer_main(void *context) {
    struct store *s = context;
    struct writer *w = &s->writer;
    for (;;) {
        collect(w);
        take_submitted(w);
        if (w->queue) run_batch(s);
        else if (atomic_load(&w->closing)) break;
        else sleep_until(w, 1, INT64_MAX);
    }
    batch_reset(&w->batch);
    return NULL;
}

void writer_start(struct store *s) {
    struct writer *w = &s->writer;
    w->queue_end = &w->queue;
    sem_init(&w->wake, 0, 0);
    atomic_store(&w->wake_at, AWAKE);
    w->batch.store = s;
    w->batch.slots = calloc(s->config.batch_functions, sizeof *w->batch.slots);
    ASSERT(w->batch.slots);
    ASSERT(thread_start(&w->thread, "brume-writer", writer_main, s));
}

void writer_stop(struct store *s) {
    struct writer *w = &s->writer;
    atomic_store(&w->closing, true);
    sem_post(&w->wake);
    pthread_join(w->thread, NULL);
    free(w->batch.slots);
    sem_destroy(&w->wake);
}

/* ---- the waiting form ---- */
struct waiting_write {
    struct store_work work;
    err (*run)(void *context, struct txn *t);
    void *context;
    err result;
    sem_t done;
};

static err run_waiting(struct store_work *w, struct txn *t) {
    struct waiting_write *write = (struct waiting_write *)w;
    return write->run(write->context, t);
}

static void waiting_done(struct store_work *w, err result) {
    struct waiting_write *write = (struct waiting_write *)w;
    write->result = result;
    sem_post(&write->done);
}

err store_write(struct store *s, struct arena *a, err (*run)(void *context, struct txn *t), void *context) {
    struct waiting_write write = {{run_waiting, waiting_done, a, NULL}, run, context, NULL, {{0}}};
    sem_init(&write.done, 0, 0);
    store_submit(s, &write.work);
    while (sem_wait(&write.done) != 0) {}
    sem_destroy(&write.done);
    return write.result;
}
