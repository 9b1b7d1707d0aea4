/* What happens later: waits, timers, jobs, the outbox, the clock. */
#include "place.h"

#include "store/record.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* ---- waits ---- */
enum { TAKERS = 6, GIVERS = 3, ITEMS_EACH = 400 };

struct taker {
    struct store_wait wait;
    struct place *p;
    sem_t woken;
    pthread_t thread;
    u64 seen;
    _Atomic u32 *left, *ended;
};

static void wake_taker(struct store_wait *w) { sem_post(&((struct taker *)w)->woken); }

static str queue_prefix(struct arena *a) {
    struct key k = key_new(a, S("queue"));
    return key_bytes(&k);
}

static const struct error queue_empty = {"Empty", NULL, 400, 0xffff, true};

static err take_one(void *context, struct txn *t) {
    struct taker *taker = context;
    str prefix = queue_prefix(txn_arena(t)), key;
    struct range r = txn_range(t, prefix, key_after_prefix(txn_arena(t), prefix));
    taker->seen = txn_number(t);
    if (!range_next(&r, &key, NULL)) return &queue_empty;
    txn_delete(t, key);
    return NULL;
}

/* Waits without a deadline that could hide a lost wake: a lost one hangs the test. */
static void *taker_main(void *context) {
    struct taker *taker = context;
    while (atomic_load(taker->left)) {
        struct arena a = {0};
        err e = store_write(taker->p->store, &a, take_one, taker);
        arena_free(&a);
        if (!e) {
            if (atomic_fetch_sub(taker->left, 1) == 1) break;
            continue;
        }
        CHECK(e == &queue_empty);
        store_wait(taker->p->store, &taker->wait, S("queue"), taker->seen, INT64_MAX);
        while (sem_wait(&taker->woken) != 0) {}
    }
    atomic_fetch_add(taker->ended, 1);
    return NULL;
}

static err give_one(void *context, struct txn *t) {
    struct key k = key_new(txn_arena(t), S("queue"));
    key_u64(&k, txn_sequence(t));
    txn_put(t, key_bytes(&k), S("item"));
    txn_notify(t, S("queue"), 1);
    return NULL;
}

static err wake_all(void *context, struct txn *t) {
    txn_notify(t, S("queue"), TAKERS);
    return NULL;
}

static void *giver_main(void *context) {
    struct place *p = context;
    for (u32 i = 0; i < ITEMS_EACH; i++) {
        struct arena a = {0};
        CHECK(!store_write(p->store, &a, give_one, NULL));
        arena_free(&a);
    }
    return NULL;
}

static void no_wake_is_lost(void) {
    struct place p;
    struct taker takers[TAKERS];
    pthread_t givers[GIVERS];
    _Atomic u32 left = GIVERS * ITEMS_EACH, ended = 0;
    place_make(&p);
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true}));
    for (u32 i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){.wait.wake = wake_taker, .p = &p, .left = &left, .ended = &ended};
        sem_init(&takers[i].woken, 0, 0);
        ASSERT(pthread_create(&takers[i].thread, NULL, taker_main, &takers[i]) == 0);
    }
    for (u32 i = 0; i < GIVERS; i++) ASSERT(pthread_create(&givers[i], NULL, giver_main, &p) == 0);
    for (u32 i = 0; i < GIVERS; i++) pthread_join(givers[i], NULL);
    while (atomic_load(&left)) usleep(100);
    /* The last item is taken: the others learn that there is nothing to wait for. Again and again, since
     * one that saw an item left may look and wait after this. */
    while (atomic_load(&ended) < TAKERS) {
        struct arena a = {0};
        CHECK(!store_write(p.store, &a, wake_all, NULL));
        arena_free(&a);
        usleep(100);
    }
    for (u32 i = 0; i < TAKERS; i++) pthread_join(takers[i].thread, NULL);
    place_drop(&p);
}

static _Atomic int order_next;
struct ordered {
    struct store_wait wait;
    _Atomic int order;
};
static void wake_ordered(struct store_wait *w) {
    atomic_store(&((struct ordered *)w)->order, atomic_fetch_add(&order_next, 1) + 1);
}

static err notify_two(void *context, struct txn *t) {
    txn_notify(t, S("topic"), 2);
    return NULL;
}

static u64 number_now(struct store *s) {
    struct arena a = {0};
    struct txn *t = store_snapshot(s, &a);
    u64 number = txn_number(t);
    store_snapshot_end(t);
    arena_free(&a);
    return number;
}

static void the_oldest_are_woken_and_the_late_time_out(void) {
    struct place p;
    struct arena a = {0};
    struct ordered w[6];
    place_make(&p);
    place_open(&p);
    atomic_store(&order_next, 0);
    memset(w, 0, sizeof w);
    u64 seen = number_now(p.store);
    i64 begin = sys_monotonic_us();
    for (int i = 0; i < 6; i++) w[i].wait.wake = wake_ordered;
    for (int i = 0; i < 5; i++)
        store_wait(p.store, &w[i].wait, i == 1 ? S("other") : S("topic"), seen,
                   begin + 3000000 - i * 500000); /* a write comes first, even on a busy machine */
    CHECK(!store_write(p.store, &a, notify_two, NULL));
    CHECK(w[0].order == 1 && w[1].order == 0 && w[2].order == 2 && w[3].order == 0);
    CHECK(!w[0].wait.timed_out);
    CHECK(store_wait_cancel(p.store, &w[3].wait) && !store_wait_cancel(p.store, &w[3].wait));
    CHECK(!store_wait_cancel(p.store, &w[0].wait));
    store_wait(p.store, &w[5].wait, S("topic"), seen, INT64_MAX); /* its look is older than the notice */
    CHECK(w[5].order == 3 && !w[5].wait.timed_out);
    while (sys_monotonic_us() < begin + 20000000 && !(atomic_load(&w[1].order) && atomic_load(&w[4].order))) usleep(500);
    CHECK(w[4].order == 4 && w[1].order == 5);
    CHECK(w[1].wait.timed_out && w[4].wait.timed_out && sys_monotonic_us() - begin >= 2500000);
    store_wait(p.store, &w[0].wait, S("topic"), number_now(p.store), INT64_MAX); /* nothing new: it stays */
    CHECK(store_wait_cancel(p.store, &w[0].wait));
    place_drop(&p);
    arena_free(&a);
}

/* A taker that finds nothing, deleting what may not be there on the way. */
static err look(void *context, struct txn *t) {
    *(u64 *)context = txn_number(t);
    txn_delete(t, S("absent"));
    return NULL;
}

static bool wait_ends_at_once(struct store *s, u64 seen) {
    struct ordered w = {.wait.wake = wake_ordered};
    store_wait(s, &w.wait, S("topic"), seen, INT64_MAX);
    return !store_wait_cancel(s, &w.wait);
}

/* A batch that changed nothing leaves its number to the next one, which may bring the news. */
static void news_is_newer_than_a_look_of_the_writer(void) {
    struct place p;
    struct arena a = {0};
    u64 seen;
    place_make(&p);
    place_open(&p);
    for (int i = 0; i < 3; i++) {
        CHECK(!store_write(p.store, &a, look, &seen));
        CHECK(!wait_ends_at_once(p.store, seen));
        CHECK(!store_write(p.store, &a, notify_two, NULL));
        CHECK(wait_ends_at_once(p.store, seen));
        CHECK(!wait_ends_at_once(p.store, number_now(p.store)));
    }
    place_drop(&p);
    arena_free(&a);
}

/* ---- tasks ---- */
static struct {
    _Atomic u32 n, performed, settled, fail_next;
    i64 at[4096];
    char what[4096];
    struct store *store;
} fired;

static void note(char what, i64 now_ms) {
    u32 i = atomic_load(&fired.n);
    fired.what[i % 4096] = what;
    fired.at[i % 4096] = now_ms;
    atomic_store(&fired.n, i + 1);
}

static const struct error try_again = {"TryAgain", NULL, 500, 0xffff, false};

static err run_timer(struct txn *t, const struct task *task, i64 now_ms) {
    note(task->key.p[0], now_ms);
    if (!str_starts(task->payload, S("every "))) return NULL;
    u64 period;
    ASSERT(str_to_u64(str_skip(task->payload, 6), &period));
    struct task again = *task;
    again.due_ms = now_ms + (i64)period;
    txn_task_set(t, &again);
    return NULL;
}

/* A job of as many slices as its payload has letters; each leaves a row. */
static err run_job(struct txn *t, const struct task *task, i64 now_ms) {
    struct key k = key_new(txn_arena(t), S("slices"));
    key_u64(&k, task->payload.n);
    CHECK(!txn_get(t, key_bytes(&k), NULL));
    txn_put(t, key_bytes(&k), S(""));
    note('j', now_ms);
    if (task->payload.n <= 1) return NULL;
    struct task more = *task;
    more.payload = str_skip(task->payload, 1);
    more.due_ms = 0;
    txn_task_set(t, &more);
    return NULL;
}

static err run_failing(struct txn *t, const struct task *task, i64 now_ms) {
    txn_put(t, S("failing"), S("must not stay"));
    if (atomic_load(&fired.fail_next)) {
        atomic_fetch_sub(&fired.fail_next, 1);
        return &try_again;
    }
    txn_put(t, S("failing"), S("done"));
    note('f', now_ms);
    return NULL;
}

static err perform(struct arena *a, const struct task *task, str *result) {
    atomic_fetch_add(&fired.performed, 1);
    *result = arena_concat(a, S("did "), task->payload);
    usleep(2000);
    return atomic_load(&fired.fail_next) && atomic_fetch_sub(&fired.fail_next, 1) ? &try_again : NULL;
}

static err settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    if (outcome) return outcome; /* to be performed again */
    atomic_fetch_add(&fired.settled, 1);
    txn_put(t, arena_concat(txn_arena(t), S("settled/"), task->key), result);
    return NULL;
}

static err run_stubborn(struct txn *t, const struct task *task, i64 now_ms) {
    txn_task_set(t, task); /* for the same time: it is due for ever */
    return NULL;
}

static const struct task_kind kinds[] = {{.name = "timer", .run = run_timer},
                                         {.name = "job", .run = run_job},
                                         {.name = "failing", .run = run_failing},
                                         {.name = "stubborn", .run = run_stubborn},
                                         {.name = "after", .run = run_timer, .after_epoch_ms = 60000},
                                         {.name = "push", .perform = perform, .settle = settle}, {0}};

static void register_once(void) {
    static bool registered;
    if (!registered) store_register_tasks(kinds);
    registered = true;
    memset(&fired, 0, sizeof fired);
}

/* An empty store, and nothing fired. */
static void begin(struct place *p) {
    register_once();
    place_make(p);
    place_open(p);
}

static err set_tasks(void *context, struct txn *t) {
    for (const struct task *task = context; task->kind.p; task++) txn_task_set(t, task);
    return NULL;
}

static void set(struct store *s, const struct task *tasks) {
    struct arena a = {0};
    struct task copy[64] = {0};
    for (u32 i = 0; tasks[i].kind.p; i++) copy[i] = tasks[i];
    CHECK(!store_write(s, &a, set_tasks, copy));
    arena_free(&a);
}

static bool fired_soon(u32 n) {
    for (int i = 0; i < 40000 && atomic_load(&fired.n) < n; i++) usleep(500);
    return atomic_load(&fired.n) == n;
}

static void timers_survive_reopening(void) {
    struct place p;
    begin(&p);
    i64 now = store_now_ms(p.store);
    set(p.store, (struct task[]){{S("timer"), S("a"), S(""), now + 40}, {S("timer"), S("b"), S(""), now + 3600000},
                                 {S("timer"), S("c"), S(""), now + 80}, {S("timer"), S("d"), S(""), now + 60}, {{0}}});
    place_close(&p);
    CHECK(fired.n == 0 || sys_wall_ms() >= now + 40);
    usleep(50000);
    place_open(&p);
    CHECK(fired_soon(3));
    CHECK(fired.what[0] == 'a' && fired.what[1] == 'd' && fired.what[2] == 'c');
    CHECK(fired.at[0] == now + 40 && fired.at[1] == now + 60 && fired.at[2] == now + 80);
    place_close(&p);
    place_open(&p);
    usleep(10000);
    CHECK_INT(fired.n, 3); /* none twice; b is still to come */
    CHECK(!store_clock_advance(p.store, 3600000, false));
    CHECK_INT(fired.n, 4);
    place_drop(&p);
}

static err replace_and_cancel(void *context, struct txn *t) {
    i64 now = *(const i64 *)context;
    struct task task;
    CHECK(txn_task_get(t, S("timer"), S("a"), &task) && task.due_ms == now + 1000);
    CHECK_STR(task.payload, S("first"));
    txn_task_set(t, &(struct task){S("timer"), S("a"), S("second"), now + 5000});
    txn_task_cancel(t, S("timer"), S("b"));
    txn_task_cancel(t, S("timer"), S("never set"));
    CHECK(!txn_task_get(t, S("timer"), S("b"), &task));
    return NULL;
}

static void tasks_are_replaced_and_cancelled(void) {
    struct place p;
    struct arena a = {0};
    begin(&p);
    i64 now = store_now_ms(p.store);
    set(p.store, (struct task[]){{S("timer"), S("a"), S("first"), now + 1000}, {S("timer"), S("b"), S(""), now + 1000}, {{0}}});
    CHECK(!store_write(p.store, &a, replace_and_cancel, &now));
    CHECK(!store_clock_advance(p.store, 2000, false));
    CHECK_INT(fired.n, 0);
    CHECK(!store_clock_advance(p.store, 5000, false));
    CHECK(fired.n == 1 && fired.at[0] == now + 5000);
    place_drop(&p);
    arena_free(&a);
}

static void the_clock_fires_in_order(void) {
    struct place p;
    begin(&p);
    i64 now = store_now_ms(p.store), minute = 60000;
    set(p.store, (struct task[]){{S("timer"), S("r"), S("every 600000"), now + 10 * minute},
                                 {S("timer"), S("x"), S(""), now + 35 * minute},
                                 {S("timer"), S("y"), S(""), now + 15 * minute}, {{0}}});
    i64 before = store_now_ms(p.store);
    CHECK(!store_clock_advance(p.store, 60 * minute, false));
    CHECK(store_now_ms(p.store) - before >= 60 * minute && store_now_ms(p.store) - before < 61 * minute);
    CHECK_STR(str_of(fired.what), S("ryrrxrrr"));
    for (u32 i = 1; i < fired.n; i++) CHECK(fired.at[i] >= fired.at[i - 1]);
    CHECK(fired.at[4] == now + 35 * minute);
    /* The offset is stored: a reopened cloud is still there. */
    before = store_now_ms(p.store);
    place_close(&p);
    place_open(&p);
    CHECK(store_now_ms(p.store) >= before);
    /* Ninety days in one step, the recurring one fires once. */
    u32 n = fired.n;
    CHECK(!store_clock_advance(p.store, (i64)90 * 24 * 60 * minute, true));
    CHECK_INT(fired.n, n + 1);
    CHECK(fired.at[n] >= now + (i64)90 * 24 * 60 * minute);
    place_drop(&p);
}

static void advancing_waits_for_jobs_and_the_outbox(void) {
    struct place p;
    struct arena a = {0};
    str value;
    begin(&p);
    i64 now = store_now_ms(p.store);
    set(p.store, (struct task[]){{S("job"), S("long"), S("xxxxxxxxxxxxxxxxxxxx"), now + 5000},
                                 {S("push"), S("p"), S("a parcel"), now + 6000}, {{0}}});
    CHECK(!store_clock_advance(p.store, 10000, false));
    CHECK_INT(fired.n, 20);
    CHECK_INT(fired.settled, 1);
    CHECK(get_row(p.store, &a, S("settled/p"), &value));
    CHECK_STR(value, S("did a parcel"));
    place_drop(&p);
    arena_free(&a);
}

static err raise_epoch(void *context, struct txn *t) {
    txn_raise_epoch(t);
    return NULL;
}

static void what_follows_the_epoch_fires_once(void) {
    struct place p;
    struct arena a = {0};
    begin(&p);
    i64 asked = store_now_ms(p.store);
    CHECK(!store_write(p.store, &a, raise_epoch, NULL));
    i64 raised = store_now_ms(p.store);
    CHECK(!store_clock_advance(p.store, 30000, false));
    CHECK(!store_write(p.store, &a, raise_epoch, NULL)); /* it stands: the first counts */
    CHECK(!store_clock_advance(p.store, 3600000, false));
    CHECK(fired.n == 1 && fired.what[0] == 'a' && fired.at[0] >= asked + 60000 && fired.at[0] <= raised + 60000);
    CHECK(!store_write(p.store, &a, raise_epoch, NULL));
    CHECK(!store_clock_advance(p.store, 3600000, false));
    CHECK_INT(fired.n, 2);
    place_drop(&p);
    arena_free(&a);
}

static void jobs_resume_after_reopening(void) {
    struct place p;
    register_once();
    place_make(&p);
    char payload[301];
    memset(payload, 'x', 300);
    payload[300] = 0;
    place_open(&p);
    set(p.store, (struct task[]){{S("job"), S("j"), str_of(payload), 0}, {{0}}});
    for (int reopened = 0; reopened < 50 && fired.n < 300; reopened++) {
        usleep(3000);
        place_close(&p);
        place_open(&p);
    }
    CHECK(fired_soon(300)); /* each slice once: run_job checks */
    place_drop(&p);
}

static void a_failed_task_leaves_nothing_and_comes_again(void) {
    struct place p;
    struct arena a = {0};
    str value;
    begin(&p);
    fired.fail_next = 3;
    log_set_level(LOG_ERROR);
    set(p.store, (struct task[]){{S("failing"), S("f"), S(""), 0}, {{0}}});
    for (int i = 0; i < 40000 && fired.fail_next == 3; i++) usleep(500);
    CHECK(!get_row(p.store, &a, S("failing"), &value));
    CHECK(!store_clock_advance(p.store, 100000, false));
    log_set_level(LOG_INFO);
    CHECK_INT(fired.n, 1);
    CHECK(get_row(p.store, &a, S("failing"), &value));
    CHECK_STR(value, S("done"));
    place_drop(&p);
    arena_free(&a);
}

static void the_outbox_delivers_at_least_once(void) {
    struct place p;
    struct arena a = {0};
    str value;
    register_once();
    log_set_level(LOG_ERROR);
    place_make(&p);
    place_open(&p);
    struct task tasks[41] = {{{0}}};
    for (u32 i = 0; i < 40; i++) tasks[i] = (struct task){S("push"), arena_format(&a, "%u", i), S("x"), 0};
    fired.fail_next = 5;
    set(p.store, tasks);
    usleep(4000);
    place_close(&p); /* in the middle: what was in the air is settled, the rest stays */
    place_open(&p);
    for (int i = 0; i < 100 && fired.settled < 40; i++) {
        CHECK(!store_clock_advance(p.store, 1000, false));
        usleep(1000);
    }
    log_set_level(LOG_INFO);
    CHECK_INT(fired.settled, 40);
    CHECK(fired.performed >= 45);
    for (u32 i = 0; i < 40; i++) CHECK(get_row(p.store, &a, arena_format(&a, "settled/%u", i), &value));
    place_drop(&p);
    arena_free(&a);
}

struct unwaited {
    struct store_work work;
    struct arena arena;
    sem_t done;
    i64 due_ms;
};

static err set_slowly(struct store_work *w, struct txn *t) {
    usleep(20000);
    txn_task_set(t, &(struct task){S("timer"), S("a"), S(""), ((struct unwaited *)w)->due_ms});
    return NULL;
}

static void unwaited_done(struct store_work *w, err result) {
    CHECK(!result);
    sem_post(&((struct unwaited *)w)->done);
}

static void advancing_sees_what_nobody_waited_for(void) {
    struct place p;
    struct unwaited u = {.work = {.run = set_slowly, .done = unwaited_done}};
    begin(&p);
    u.work.arena = &u.arena;
    u.due_ms = store_now_ms(p.store) + 60000;
    sem_init(&u.done, 0, 0);
    store_submit(p.store, &u.work);
    CHECK(!store_clock_advance(p.store, 120000, false));
    CHECK(fired.n == 1 && fired.at[0] == u.due_ms);
    while (sem_wait(&u.done) != 0) {}
    sem_destroy(&u.done);
    place_drop(&p);
    arena_free(&u.arena);
}

static void the_clock_is_not_held_up_for_ever(void) {
    struct place p;
    register_once();
    place_make(&p);
    ASSERT(place_open_as(&p, (struct store_config){.ephemeral = true}));
    i64 due = store_now_ms(p.store) + 3600000;
    set(p.store, (struct task[]){{S("stubborn"), S("a"), S(""), due}, {{0}}});
    log_set_level(LOG_ERROR);
    CHECK(!store_clock_advance(p.store, 7200000, false));
    log_set_level(LOG_INFO);
    CHECK(store_now_ms(p.store) >= due + 3600000);
    place_drop(&p);
}

UNIT_MAIN(UNIT(the_clock_is_not_held_up_for_ever),
          UNIT(no_wake_is_lost), UNIT(the_oldest_are_woken_and_the_late_time_out),
          UNIT(news_is_newer_than_a_look_of_the_writer), UNIT(timers_survive_reopening), UNIT(tasks_are_replaced_and_cancelled), UNIT(the_clock_fires_in_order),
          UNIT(advancing_waits_for_jobs_and_the_outbox), UNIT(advancing_sees_what_nobody_waited_for), UNIT(what_follows_the_epoch_fires_once),
          UNIT(jobs_resume_after_reopening),
          UNIT(a_failed_task_leaves_nothing_and_comes_again), UNIT(the_outbox_delivers_at_least_once))
