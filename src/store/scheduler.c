/* The scheduler: one thread that fires tasks and wakes waits when their time comes.
 *
 * A round reads what is due from a snapshot and submits one function a task, in order of their times;
 * together they cost one commit. Outbox tasks go to workers as flights; a flight that is still out is
 * not started again. Moving the clock forward is the same round, stepped from due time to due time. */
#include "store/internal.h"

#include <stdlib.h>

enum {
    ROUND_MAX = 64,
    FLIGHTS_MAX = 12,
    DISK_REST_US = 1000000,
    RECHECK_MS = 60000,
    STILL_ROUNDS_MAX = 10000, /* of one advance without a step forward: 640,000 tasks of one moment */
};

/* ---- one task's turn in the writer ---- */
struct firing {
    struct store_work work;
    struct store *store;
    struct arena arena;
    struct task task;
    const struct task_kind *kind;
    i64 due_ms, now_ms; /* now_ms: what the task is told; INT64_MIN: its own time */
    u64 generation;
    err result;
    sem_t *done;
};

static err run_task(struct store_work *w, struct txn *t) {
    struct firing *f = (struct firing *)w;
    struct task_row row;
    /* Cancelled or set anew since the round looked. */
    if (!task_row_get(t, f->task.kind, f->task.key, &row) || row.due_ms != f->due_ms) return NULL;
    f->generation = row.generation;
    task_row_delete(t, f->task.kind, f->task.key, &row);
    struct task task = f->task;
    task.payload = row.payload;
    task.due_ms = row.job ? 0 : row.due_ms;
    i64 now_ms = f->now_ms != INT64_MIN ? f->now_ms : row.job ? store_now_ms(f->store) : row.due_ms;
    return f->kind->run(t, &task, now_ms);
}

static err run_postpone(void *context, struct txn *t) {
    const struct firing *f = context;
    task_row_postpone(t, f->task.kind, f->task.key, f->generation);
    return NULL;
}

static void task_ran(struct store_work *w, err result) {
    struct firing *f = (struct firing *)w;
    f->result = result;
    sem_post(f->done);
}

static void rest(struct store *s) {
    atomic_store(&s->scheduler.hold_until_us, sys_monotonic_us() + DISK_REST_US);
}

static void postpone(struct store *s, struct firing *f, err why) {
    log_line(LOG_WARN, "task_failed", "kind=%.*s key=%.*s error=%s", STR_ARGS(f->task.kind),
             STR_ARGS(f->task.key), why->code);
    if (store_write(s, &f->arena, run_postpone, f)) rest(s);
}

/* ---- outbox ---- */
struct flight {
    struct worker_job job;
    struct firing firing;
    str result;
    err outcome;
    struct flight *next;
};

static err run_settle(struct store_work *w, struct txn *t) {
    struct flight *flight = (struct flight *)((char *)w - offsetof(struct flight, firing));
    struct firing *f = &flight->firing;
    struct task_row row;
    if (!task_row_get(t, f->task.kind, f->task.key, &row)) return NULL; /* cancelled: nobody asks */
    /* Set again meanwhile: this effect is settled, the new one stays due. */
    if (row.generation == f->generation) task_row_delete(t, f->task.kind, f->task.key, &row);
    if (!f->kind->settle) return flight->outcome;
    return f->kind->settle(t, &f->task, flight->outcome, flight->result, f->task.due_ms ? f->task.due_ms : store_now_ms(f->store));
}

static void land(struct flight *flight) {
    struct store *s = flight->firing.store;
    struct scheduler *sched = &s->scheduler;
    pthread_mutex_lock(&sched->lock);
    for (struct flight **at = &sched->flights; *at; at = &(*at)->next) {
        if (*at != flight) continue;
        *at = flight->next;
        break;
    }
    sched->flights_n--;
    sched->poke = true;
    arena_free(&flight->firing.arena);
    free(flight);
    pthread_cond_broadcast(&sched->poked);
    pthread_mutex_unlock(&sched->lock);
}

static void perform(struct worker_job *job) {
    struct flight *flight = (struct flight *)job;
    struct firing *f = &flight->firing;
    flight->outcome = f->kind->perform(&f->arena, &f->task, &flight->result);
    sem_t done;
    sem_init(&done, 0, 0);
    f->done = &done;
    store_submit(f->store, &f->work);
    while (sem_wait(&done) != 0) {}
    sem_destroy(&done);
    if (f->result == &store_unavailable) rest(f->store);
    else if (f->result) postpone(f->store, f, f->result);
    land(flight);
}

static bool in_flight(struct scheduler *sched, str kind, str key) {
    pthread_mutex_lock(&sched->lock);
    bool found = false;
    for (const struct flight *x = sched->flights; x && !found; x = x->next)
        found = str_eq(x->firing.task.kind, kind) && str_eq(x->firing.task.key, key);
    pthread_mutex_unlock(&sched->lock);
    return found;
}

static u32 flights_out(struct scheduler *sched) {
    pthread_mutex_lock(&sched->lock);
    u32 n = sched->flights_n;
    pthread_mutex_unlock(&sched->lock);
    return n;
}

static void take_off(struct store *s, struct txn *t, const struct task_kind *kind, str name, str key) {
    struct task_row row;
    if (!task_row_get(t, name, key, &row)) return;
    struct flight *flight = calloc(1, sizeof *flight); /* outlives the round */
    ASSERT(flight);
    struct firing *f = &flight->firing;
    f->work = (struct store_work){run_settle, task_ran, &f->arena, NULL};
    f->store = s;
    f->kind = kind;
    f->generation = row.generation;
    f->task = (struct task){arena_str(&f->arena, name), arena_str(&f->arena, key),
                            arena_str(&f->arena, row.payload), row.job ? 0 : row.due_ms, s};
    flight->job.run = perform;
    pthread_mutex_lock(&s->scheduler.lock);
    flight->next = s->scheduler.flights;
    s->scheduler.flights = flight;
    s->scheduler.flights_n++;
    pthread_mutex_unlock(&s->scheduler.lock);
    store_worker_submit(s, &flight->job);
}

/* ---- a round ---- */
struct round {
    i64 until_ms;   /* what is due up to here */
    i64 tell_ms;    /* see firing.now_ms */
    bool one_time;  /* only tasks of the earliest due time */
    u32 fired;
    i64 next_ms;    /* out: the earliest time that was not reached, INT64_MAX for none */
};

static const struct task_kind *known_kind(str name) {
    const struct task_kind *kind = task_kind_find(name);
    if (!kind) log_line(LOG_WARN, "task_unknown", "kind=%.*s", STR_ARGS(name));
    return kind;
}

static void fire_timers(struct store *s, struct round *r) {
    struct arena a = {0};
    struct firing *firings = NEW_ARRAY(&a, struct firing, ROUND_MAX);
    sem_t done;
    sem_init(&done, 0, 0);
    u32 n = 0;
    i64 due, first = INT64_MIN;
    str name, key;
    struct txn *t = store_snapshot(s, &a);
    struct range due_rows = task_due_range(t, TASK_TIMER);
    while (task_due_next(&due_rows, &due, &name, &key)) {
        if (due > r->until_ms || n == ROUND_MAX || (r->one_time && n && due != first)) {
            r->next_ms = MIN(r->next_ms, due);
            break;
        }
        const struct task_kind *kind = known_kind(name);
        if (!kind || !kind->run) continue; /* rests until a program that knows it */
        first = n ? first : due;
        struct firing *f = &firings[n++];
        f->work = (struct store_work){run_task, task_ran, &f->arena, NULL};
        f->store = s;
        f->kind = kind;
        f->task = (struct task){arena_str(&a, name), arena_str(&a, key), {0}, 0};
        f->due_ms = due;
        f->now_ms = r->tell_ms;
        f->done = &done;
    }
    store_snapshot_end(t);
    for (u32 i = 0; i < n; i++) store_submit(s, &firings[i].work);
    for (u32 i = 0; i < n; i++)
        while (sem_wait(&done) != 0) {}
    for (u32 i = 0; i < n; i++) {
        struct firing *f = &firings[i];
        if (f->result == &store_unavailable) rest(s);
        else if (f->result) postpone(s, f, f->result);
        arena_free(&f->arena);
    }
    r->fired += n;
    sem_destroy(&done);
    arena_free(&a);
}

static void start_flights(struct store *s, struct round *r) {
    struct arena a = {0};
    i64 due;
    str name, key;
    struct txn *t = store_snapshot(s, &a);
    struct range due_rows = task_due_range(t, TASK_OUTBOX);
    while (task_due_next(&due_rows, &due, &name, &key)) {
        if (due > r->until_ms) {
            r->next_ms = MIN(r->next_ms, due);
            break;
        }
        if (flights_out(&s->scheduler) >= FLIGHTS_MAX) break; /* landing starts the next round */
        if (in_flight(&s->scheduler, name, key)) continue;
        const struct task_kind *kind = known_kind(name);
        if (!kind || !kind->perform) continue;
        take_off(s, t, kind, name, key);
        r->fired++;
    }
    store_snapshot_end(t);
    arena_free(&a);
}

/* ---- moving the clock ---- */
static i64 earliest_due(struct store *s) {
    struct arena a = {0};
    i64 earliest = INT64_MAX, due;
    str name, key;
    struct txn *t = store_snapshot(s, &a);
    for (int class = TASK_TIMER; class <= TASK_OUTBOX; class++) {
        struct range r = task_due_range(t, class);
        while (task_due_next(&r, &due, &name, &key)) {
            if (!task_kind_find(name)) continue;
            earliest = MIN(earliest, due);
            break;
        }
    }
    store_snapshot_end(t);
    arena_free(&a);
    return earliest;
}

static err put_offset(void *context, struct txn *t) {
    clock_put(t, *(const i64 *)context);
    return NULL;
}

static err set_offset(struct store *s, i64 offset_ms) {
    if (offset_ms <= atomic_load(&s->clock.offset_ms)) return NULL;
    struct arena a = {0};
    err result = store_write(s, &a, put_offset, &offset_ms);
    arena_free(&a);
    if (!result) atomic_store(&s->clock.offset_ms, offset_ms);
    return result;
}

static err put_nothing(void *context, struct txn *t) {
    (void)context, (void)t;
    return NULL;
}

/* What was given to the writer before this is committed after it: a task may be among it that nobody waited for. */
static err catch_up(struct store *s) {
    struct arena a = {0};
    err result = store_write(s, &a, put_nothing, NULL);
    arena_free(&a);
    return result;
}

static bool wait_for_landing(struct scheduler *sched) {
    pthread_mutex_lock(&sched->lock);
    u32 before = sched->flights_n;
    while (before && sched->flights_n == before && !sched->closing)
        pthread_cond_wait(&sched->poked, &sched->lock);
    pthread_mutex_unlock(&sched->lock);
    return before > 0;
}

static err advance(struct store *s, const struct advance *a) {
    i64 offset = atomic_load(&s->clock.offset_ms) + a->by_ms;
    i64 target = sys_wall_ms() + offset;
    i64 latest = INT64_MIN;
    u32 still = 0;
    if (a->coalesce) TRY(set_offset(s, offset));
    for (;;) {
        waits_expire(s, sys_monotonic_us());
        if (atomic_load(&s->scheduler.hold_until_us) > sys_monotonic_us()) return &store_unavailable;
        TRY(catch_up(s));
        i64 due = earliest_due(s);
        /* A job's next slice is due when it was set: perhaps behind the target, but not later than now. */
        if (due > MAX(target, store_now_ms(s))) {
            if (wait_for_landing(&s->scheduler)) continue; /* its settling may set more */
            break;
        }
        still = due > latest && due <= target ? 0 : still + 1;
        latest = MAX(latest, due);
        if (still > STILL_ROUNDS_MAX) { /* a task that sets itself again for the same time, for ever */
            log_line(LOG_WARN, "clock_held_up", "due_ms=%lld rounds=%u", (long long)due, still);
            break;
        }
        if (due > store_now_ms(s)) TRY(set_offset(s, MIN(due - sys_wall_ms(), offset)));
        struct round r = {due, a->coalesce ? target : INT64_MIN, true, 0, INT64_MAX};
        fire_timers(s, &r);
        start_flights(s, &r);
        if (!r.fired && !wait_for_landing(&s->scheduler)) break;
    }
    return set_offset(s, offset);
}

err store_clock_advance(struct store *s, i64 by_ms, bool coalesce) {
    ASSERT(by_ms >= 0);
    struct scheduler *sched = &s->scheduler;
    struct advance a = {.by_ms = by_ms, .coalesce = coalesce};
    sem_init(&a.done, 0, 0);
    pthread_mutex_lock(&sched->lock);
    *sched->advances_end = &a;
    sched->advances_end = &a.next;
    sched->poke = true;
    pthread_cond_broadcast(&sched->poked);
    pthread_mutex_unlock(&sched->lock);
    while (sem_wait(&a.done) != 0) {}
    sem_destroy(&a.done);
    return a.result;
}

static struct advance *next_advance(struct scheduler *sched) {
    pthread_mutex_lock(&sched->lock);
    struct advance *a = sched->advances;
    if (a && !(sched->advances = a->next)) sched->advances_end = &sched->advances;
    pthread_mutex_unlock(&sched->lock);
    return a;
}

/* ---- the thread ---- */
void scheduler_poke(struct store *s) {
    struct scheduler *sched = &s->scheduler;
    pthread_mutex_lock(&sched->lock);
    sched->poke = true;
    pthread_cond_broadcast(&sched->poked);
    pthread_mutex_unlock(&sched->lock);
}

/* Fires what is due; returns when to look again (sys_monotonic_us). */
static i64 tasks_step(struct store *s) {
    struct scheduler *sched = &s->scheduler;
    i64 hold = atomic_load(&sched->hold_until_us), now_us = sys_monotonic_us();
    if (s->config.owned && !atomic_load(&s->owner)) return INT64_MAX;
    if (hold > now_us) return hold;
    /* While the round looks, every task that is set pokes. */
    atomic_store(&sched->planned_due_ms, INT64_MAX);
    struct round r = {store_now_ms(s), INT64_MIN, false, 0, INT64_MAX};
    fire_timers(s, &r);
    start_flights(s, &r);
    hold = atomic_load(&sched->hold_until_us);
    if (hold > now_us) return hold;
    if (r.next_ms == INT64_MAX) return INT64_MAX;
    atomic_store(&sched->planned_due_ms, r.next_ms);
    /* Wall time may be set: look again now and then. */
    return sys_monotonic_us() + MIN(MAX(r.next_ms - store_now_ms(s), 0), RECHECK_MS) * 1000;
}

static void *scheduler_main(void *context) {
    struct store *s = context;
    struct scheduler *sched = &s->scheduler;
    pthread_mutex_lock(&sched->lock);
    while (!sched->closing) {
        sched->poke = false;
        pthread_mutex_unlock(&sched->lock);
        for (struct advance *a; (a = next_advance(sched));) {
            a->result = advance(s, a);
            sem_post(&a->done);
        }
        i64 until_us = tasks_step(s);
        until_us = MIN(until_us, waits_expire(s, sys_monotonic_us()));
        pthread_mutex_lock(&sched->lock);
        while (!sched->poke && !sched->closing && sys_monotonic_us() < until_us)
            cond_wait_until(&sched->poked, &sched->lock, until_us);
    }
    while (sched->flights_n) pthread_cond_wait(&sched->poked, &sched->lock);
    pthread_mutex_unlock(&sched->lock);
    return NULL;
}

void scheduler_start(struct store *s) {
    struct scheduler *sched = &s->scheduler;
    sched->advances_end = &sched->advances;
    atomic_store(&sched->planned_due_ms, INT64_MAX);
    pthread_mutex_init(&sched->lock, NULL);
    cond_init_monotonic(&sched->poked);
    ASSERT(thread_start(&sched->thread, "brume-scheduler", scheduler_main, s));
}

bool store_closing(struct store *s) {
    pthread_mutex_lock(&s->scheduler.lock);
    bool closing = s->scheduler.closing;
    pthread_mutex_unlock(&s->scheduler.lock);
    return closing;
}

void scheduler_stop(struct store *s) {
    struct scheduler *sched = &s->scheduler;
    pthread_mutex_lock(&sched->lock);
    sched->closing = true;
    pthread_cond_broadcast(&sched->poked);
    pthread_mutex_unlock(&sched->lock);
    pthread_join(sched->thread, NULL);
    for (struct advance *a; (a = next_advance(sched));) { /* came too late */
        a->result = &store_unavailable;
        sem_post(&a->done);
    }
}
