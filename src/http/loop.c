/* A loop: one thread, its listener, its turn, its posted tasks and timers. */
#include "http/internal.h"

#include "sys/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

void loop_refresh_date(struct http_loop *loop) {
    time_t now = (time_t)(sys_wall_ms() / 1000);
    if (now == loop->date_second) return;
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm t;
    gmtime_r(&now, &t);
    int n = snprintf(loop->date, sizeof loop->date, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                     days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour,
                     t.tm_min, t.tm_sec);
    loop->date_n = (size_t)n;
    loop->date_second = now;
}

/* ---- exchanges are reused with the first chunk of their arena, which has room for all that most requests take: 8 to 20
 * KiB. Chunks that are added and freed with each request would cost a hundredth of it. ---- */

enum { EXCHANGE_BYTES = 20 << 10 };

struct http_exchange *exchange_new(struct http_conn *c) {
    struct http_loop *loop = c->loop;
    struct http_exchange *x = loop->free_exchanges;
    loop->exchange_count++;
    if (x) {
        loop->free_exchanges = x->next;
        loop->free_exchange_count--;
        struct arena arena = x->arena;
        *x = (struct http_exchange){.arena = arena, .loop = loop, .conn = c};
    } else {
        x = malloc(sizeof *x);
        ASSERT(x);
        *x = (struct http_exchange){.loop = loop, .conn = c};
    }
    if (!x->arena.chunks) {
        (void)arena_alloc(&x->arena, EXCHANGE_BYTES, 1);
        arena_reset(&x->arena);
    }
    return x;
}

void exchange_free(struct http_exchange *x) {
    struct http_loop *loop = x->loop;
    loop->exchange_count--;
    free(x->rest);
    free(x->waiting);
    if (loop->free_exchange_count == FREE_EXCHANGES_MAX || loop->closing) {
        arena_free(&x->arena);
        free(x);
        return;
    }
    arena_reset(&x->arena);
    if (x->arena.allocated > 2 * EXCHANGE_BYTES) arena_free(&x->arena);
    x->next = loop->free_exchanges;
    loop->free_exchanges = x;
    loop->free_exchange_count++;
}

/* ---- tasks: pushed without a lock; only the push onto an empty list wakes the loop. An eventfd of our own: libuv's
 * woken thread spins until the one that woke it has left its call. ---- */

static void wake(struct http_loop *loop) {
    while (eventfd_write(loop->wake_fd, 1) != 0) ASSERT(errno == EINTR);
}

void http_loop_post(struct http_loop *loop, struct http_task *task) {
    struct http_task *head = atomic_load_explicit(&loop->posted, memory_order_relaxed);
    do task->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->posted, &head, task, memory_order_release,
                                                  memory_order_relaxed));
    if (!head) wake(loop);
}

static void run_posted(struct http_loop *loop) {
    struct http_task *newest = atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
    struct http_task *oldest = NULL;
    while (newest) {
        struct http_task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest) {
        struct http_task *next = oldest->next; /* the task may be freed by its run */
        oldest->run(oldest);
        oldest = next;
    }
}

/* ---- timers ---- */

struct http_timer {
    uv_timer_t uv;
    void (*run)(void *context);
    void *context;
};

static void timer_closed(uv_handle_t *handle) { free(handle->data); }

static void timer_due(uv_timer_t *handle) {
    struct http_timer *t = handle->data;
    uv_close((uv_handle_t *)handle, timer_closed);
    t->run(t->context);
}

struct http_timer *http_timer_start(struct http_loop *loop, i64 ms, void (*run)(void *), void *context) {
    struct http_timer *t = malloc(sizeof *t); /* a uv handle outlives its owner until it is closed */
    ASSERT(t);
    *t = (struct http_timer){.run = run, .context = context};
    uv_timer_init(&loop->uv, &t->uv);
    t->uv.data = t;
    uv_timer_start(&t->uv, timer_due, ms > 0 ? (u64)ms : 0, 0);
    return t;
}

void http_timer_stop(struct http_timer *t) {
    if (!uv_is_closing((uv_handle_t *)&t->uv)) uv_close((uv_handle_t *)&t->uv, timer_closed);
}

/* ---- the end of a turn: input that became takable, then the application's before_write, then
 * answers. Both before and behind the wait, since timers run before it. ---- */

static struct http_conn *pop_dirty(struct http_conn **list) {
    struct http_conn *c = *list;
    *list = c->dirty_next;
    c->dirty_next = NULL;
    return c;
}

static void release(struct http_conn *c) {
    if (!--c->holds) free(c);
}

static void end_turn(struct http_loop *loop) {
    for (int round = 0; loop->dirty; round++) {
        if (round == ROUNDS_MAX) {
            wake(loop);
            return;
        }
        struct http_conn *batch = loop->dirty;
        loop->dirty = NULL;
        loop->dirty_end = &loop->dirty;
        for (struct http_conn *c = batch; c; c = c->dirty_next)
            if (!c->closed) conn_feed(c);
        bool leaves = !loop->app->before_write || loop->app->before_write(loop->app->context, loop);
        while (batch) {
            struct http_conn *c = pop_dirty(&batch);
            c->dirty = false;
            if (!c->closed && leaves) conn_flush(c);
            else if (!c->closed) conn_close(c);
            release(c);
        }
    }
}

static void on_prepare(uv_prepare_t *handle) { end_turn(handle->data); }
static void on_check(uv_check_t *handle) { end_turn(handle->data); }

/* ---- timeouts ---- */

static void close_everything(struct http_loop *loop) {
    while (loop->all) conn_close(loop->all);
}

static void on_tick(uv_timer_t *handle) {
    struct http_loop *loop = handle->data;
    u64 now = uv_now(&loop->uv);
    for (int i = TIMEOUT_HEADER; i < TIMEOUT_CLASSES; i++) {
        struct http_conn *c;
        while ((c = loop->timeouts[i].oldest) && c->deadline_ms <= now) {
            conn_set_timeout(c, TIMEOUT_NONE, false);
            conn_expire(c, (enum timeout_class)i);
        }
    }
    if (loop->draining && now >= loop->drain_deadline_ms) close_everything(loop);
    if (loop->accept_paused && loop->listening) {
        loop->accept_paused = false;
        conn_accept(loop);
    }
    if (!loop->all && !loop->accept_paused && !loop->draining) {
        uv_timer_stop(&loop->tick); /* an idle process sleeps */
        loop->ticking = false;
    }
}

static void on_wake(uv_poll_t *handle, int status, int events) {
    struct http_loop *loop = handle->data;
    eventfd_t ignored;
    (void)eventfd_read(loop->wake_fd, &ignored);
    run_posted(loop);
}

void loop_init(struct http_loop *loop) {
    const struct http_limits *limits = loop->limits;
    ASSERT(uv_loop_init(&loop->uv) == 0);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(loop->wake_fd >= 0 && uv_poll_init(&loop->uv, &loop->wake, loop->wake_fd) == 0);
    uv_poll_start(&loop->wake, UV_READABLE, on_wake);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_check_init(&loop->uv, &loop->check);
    uv_timer_init(&loop->uv, &loop->tick);
    loop->wake.data = loop->prepare.data = loop->check.data = loop->tick.data = loop;
    loop->dirty_end = &loop->dirty;
    loop->date_second = -1;
    i64 durations[TIMEOUT_CLASSES] = {0, limits->header_timeout_ms, limits->body_idle_timeout_ms,
                                      limits->write_idle_timeout_ms, limits->keep_alive_timeout_ms,
                                      LINGER_MS};
    i64 shortest = INT64_MAX;
    for (int i = TIMEOUT_HEADER; i < TIMEOUT_CLASSES; i++) {
        loop->timeouts[i].duration_ms = (u64)durations[i];
        shortest = MIN(shortest, durations[i]);
    }
    loop->tick_ms = (u64)MAX((i64)10, MIN(shortest / 4, (i64)500));
    loop->scratch = malloc(SCRATCH_SIZE);
    ASSERT(loop->scratch);
}

void loop_start_ticking(struct http_loop *loop) {
    if (loop->ticking) return;
    loop->ticking = true;
    uv_timer_start(&loop->tick, on_tick, loop->tick_ms, loop->tick_ms);
}

static void close_handle(uv_handle_t *handle, void *context) {
    struct http_loop *loop = context;
    bool is_timer = handle->type == UV_TIMER && handle != (uv_handle_t *)&loop->tick;
    if (!uv_is_closing(handle)) uv_close(handle, is_timer ? timer_closed : NULL);
}

void loop_run(struct http_loop *loop) {
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_check_start(&loop->check, on_check);
    /* Also for those whose peer is gone but who are still held: whoever works for them posts back here. */
    while (!loop->draining || loop->all || loop->exchange_count) uv_run(&loop->uv, UV_RUN_ONCE);
    loop->closing = true;
    run_posted(loop);
    end_turn(loop);
    uv_walk(&loop->uv, close_handle, loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    ASSERT(uv_loop_close(&loop->uv) == 0);
    close(loop->wake_fd);
    while (loop->free_exchanges) {
        struct http_exchange *x = loop->free_exchanges;
        loop->free_exchanges = x->next;
        arena_free(&x->arena);
        free(x);
    }
    free(loop->scratch);
}
