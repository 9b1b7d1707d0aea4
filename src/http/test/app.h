/* A small application and a raw client, shared by this room's tests. */
#ifndef BRUME_HTTP_TEST_APP_H
#define BRUME_HTTP_TEST_APP_H

#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the application: the path says what it does ---- */

struct app_state {
    _Atomic int requests, ends, aborts;
    _Atomic i64 body_seen; /* bytes given to on_body so far, over all exchanges */
    _Atomic int before_writes;
    _Atomic u64 received_in_place; /* body bytes that came where the application wanted them */
    _Atomic bool told; /* /told answers */
};
static struct app_state app_state;

struct app_call {
    struct http_exchange *x;
    struct http_timer *timer;
    u64 received, to_send, sum;
    bool waiting;
    struct buf body;
    char *own; /* what is lent, overwritten by the next */
};
enum { APP_LENT_MAX = 200000 };

static void app_answer(struct http_exchange *x, int status, str body) {
    struct http_header headers[] = {{S("Content-Type"), S("text/plain")}};
    http_respond(x, status, headers, 1, body);
}

static void app_timer_answer(void *context) {
    struct app_call *call = context;
    call->timer = NULL;
    app_answer(call->x, 200, S("late"));
}

static void app_timer_told(void *context) {
    struct app_call *call = context;
    if (app_state.told) app_timer_answer(call);
    else call->timer = http_timer_start(http_exchange_loop(call->x), 5, app_timer_told, call);
}

static void app_timer_resume(void *context) {
    struct app_call *call = context;
    call->timer = NULL;
    http_resume_body(call->x);
}

static void app_timer_ready(void *context) {
    struct app_call *call = context;
    call->timer = NULL;
    call->waiting = false;
    http_stream_ready(call->x);
}

/* Byte i of a produced answer. */
static char app_byte(u64 i) { return (char)('a' + i % 23); }

static size_t app_produce(void *context, char *out, size_t capacity) {
    struct app_call *call = context;
    if (str_eq(http_exchange_request(call->x)->path, S("/broken")) && call->sum > 1000) return HTTP_BROKEN;
    if (str_eq(http_exchange_request(call->x)->path, S("/drip")) && call->waiting) return HTTP_LATER;
    size_t n = (size_t)MIN((u64)capacity, call->to_send - call->sum);
    if (str_eq(http_exchange_request(call->x)->path, S("/drip"))) {
        if (call->sum && !call->timer) {
            call->waiting = true;
            call->timer = http_timer_start(http_exchange_loop(call->x), 5, app_timer_ready, call);
        }
        n = MIN(n, (size_t)10);
    }
    for (size_t i = 0; i < n; i++) out[i] = app_byte(call->sum + i);
    call->sum += n;
    return n;
}
static size_t app_lend(void *context, const char **bytes) {
    struct app_call *call = context;
    if (!call->own) call->own = arena_alloc(http_exchange_arena(call->x), APP_LENT_MAX, 1);
    memset(call->own, 0, APP_LENT_MAX);
    *bytes = call->own;
    return app_produce(call, call->own, APP_LENT_MAX);
}
static _Atomic int app_closed_producers;
static void app_close(void *context) { app_closed_producers++; }

/* Another thread works for the exchange, longer than its peer stays. */
struct app_held {
    struct http_task task;
    struct http_exchange *x;
    pthread_t thread;
};
static _Atomic int app_released;

static void app_release(struct http_task *task) {
    struct app_held *h = (struct app_held *)task;
    pthread_join(h->thread, NULL);
    app_released++;
    http_release(h->x);
}

static void *app_work(void *context) {
    struct app_held *h = context;
    usleep(300000);
    http_loop_post(http_exchange_loop(h->x), &h->task);
    return NULL;
}

static void app_hold(struct http_exchange *x) {
    struct app_held *h = NEW(http_exchange_arena(x), struct app_held);
    h->task.run = app_release;
    h->x = x;
    http_hold(x);
    ASSERT(pthread_create(&h->thread, NULL, app_work, h) == 0);
}

static void app_on_request(void *context, struct http_exchange *x) {
    const struct http_request *r = http_exchange_request(x);
    struct arena *a = http_exchange_arena(x);
    struct app_call *call = NEW(a, struct app_call);
    app_state.requests++;
    call->x = x;
    call->body = buf_new(a, 1 << 20);
    http_set_user(x, call);
    if (str_eq(r->path, S("/refuse"))) {
        app_answer(x, 403, S("no"));
    } else if (str_eq(r->path, S("/later"))) {
        call->timer = http_timer_start(http_exchange_loop(x), 30, app_timer_answer, call);
    } else if (str_eq(r->path, S("/told"))) {
        app_timer_told(call);
    } else if (str_eq(r->path, S("/never"))) { /* no answer comes before the peer is gone */
    } else if (str_eq(r->path, S("/abort"))) {
        http_abort(x);
    } else if (str_eq(r->path, S("/held"))) {
        app_hold(x);
    } else if (str_eq(r->path, S("/inject"))) {
        struct http_header headers[] = {{S("X-Value"), S("a\r\nX-Evil: 1")}};
        http_respond(x, 200, headers, 1, S(""));
    } else if (str_eq(r->path, S("/length")) || str_eq(r->path, S("/chunked"))
               || str_eq(r->path, S("/lent")) || str_eq(r->path, S("/lent-chunked"))
               || str_eq(r->path, S("/broken")) || str_eq(r->path, S("/drip"))) {
        str_to_u64(r->query, &call->to_send);
        bool length = str_eq(r->path, S("/length")) || str_eq(r->path, S("/lent")) || str_eq(r->path, S("/broken"));
        struct http_producer producer = {.close = app_close, .context = call, .length = length ? (i64)call->to_send : -1};
        if (str_starts(r->path, S("/lent"))) producer.lend = app_lend;
        else producer.produce = app_produce;
        http_respond_stream(x, 200, NULL, 0, producer);
    } else {
        http_receive_body(x, str_eq(r->path, S("/small")) ? 100 : 1 << 30);
    }
}

static void app_on_body(void *context, struct http_exchange *x, str bytes) {
    struct app_call *call = http_user(x);
    const struct http_request *r = http_exchange_request(x);
    for (size_t i = 0; i < bytes.n; i++) call->sum += (u8)bytes.p[i];
    call->received += bytes.n;
    app_state.body_seen += (i64)bytes.n;
    if (str_eq(r->path, S("/echo"))) buf_add(&call->body, bytes);
    if (str_eq(r->path, S("/count")) && str_eq(r->query, S("lend"))) {
        if (!call->own) call->own = arena_alloc(http_exchange_arena(x), APP_LENT_MAX, 1);
        if (bytes.p == call->own) app_state.received_in_place += bytes.n;
        http_lend_room(x, call->own, APP_LENT_MAX);
    }
    if (str_eq(r->path, S("/slow")) && !call->timer) {
        http_pause_body(x);
        call->timer = http_timer_start(http_exchange_loop(x), 20, app_timer_resume, call);
    }
    if (str_eq(r->path, S("/early"))) app_answer(x, 400, S("enough"));
}

static void app_on_body_end(void *context, struct http_exchange *x) {
    struct app_call *call = http_user(x);
    const struct http_request *r = http_exchange_request(x);
    struct arena *a = http_exchange_arena(x);
    if (str_eq(r->path, S("/echo"))) {
        app_answer(x, 200, buf_str(&call->body));
    } else if (str_eq(r->path, S("/count")) || str_eq(r->path, S("/slow"))) {
        app_answer(x, 200, arena_format(a, "%llu %llu", (unsigned long long)call->received,
                                        (unsigned long long)call->sum));
    } else if (str_eq(r->path, S("/target"))) {
        app_answer(x, 200, arena_format(a, "%.*s|%.*s|%.*s|%d%d", STR_ARGS(r->target), STR_ARGS(r->query),
                                        STR_ARGS(r->host), r->tls, r->http2));
    } else if (str_eq(r->method, S("HEAD"))) {
        struct http_header headers[] = {{S("Content-Length"), S("12345")}};
        http_respond(x, 200, headers, 1, S(""));
    } else {
        app_answer(x, 200, S("hello"));
    }
}

static void app_on_end(void *context, struct http_exchange *x, bool aborted) {
    struct app_call *call = http_user(x);
    if (call->timer) http_timer_stop(call->timer);
    app_state.ends++;
    if (aborted) app_state.aborts++;
}

static bool app_before_write(void *context, struct http_loop *loop) {
    app_state.before_writes++;
    return true;
}

static const struct http_app test_app = {.on_request = app_on_request,
                                         .on_body = app_on_body,
                                         .on_body_end = app_on_body_end,
                                         .on_end = app_on_end,
                                         .before_write = app_before_write};

static struct arena app_boot;
__attribute__((unused)) static struct http_server *app_start_with(struct http_config config) {
    str problem = {0};
    config.listen = "127.0.0.1";
    if (!config.loops) config.loops = 1;
    struct http_server *s = http_server_start(&app_boot, &config, &test_app, &problem);
    if (!s) fprintf(stderr, "%.*s\n", STR_ARGS(problem));
    ASSERT(s);
    return s;
}

/* ---- a raw client ---- */

__attribute__((unused)) static int raw_connect(const struct http_server *s) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((u16)http_server_port(s)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

__attribute__((unused)) static bool raw_send(int fd, str bytes) {
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes = str_skip(bytes, (size_t)n);
    }
    return true;
}

/* Reads until the end of the connection, or a reset (then *reset). */
__attribute__((unused)) static str raw_read_all(struct arena *a, int fd, bool *reset) {
    struct buf b = buf_new(a, 256 << 20);
    for (;;) {
        char *at = buf_reserve(&b, 65536);
        ssize_t n = recv(fd, at, 65536, 0);
        if (reset) *reset = n < 0;
        if (n <= 0) return buf_str(&b);
        b.n += (size_t)n;
    }
}

/* One answer with Content-Length: its head and body together. */
__attribute__((unused)) static str raw_read_answer(struct arena *a, int fd) {
    struct buf b = buf_new(a, 1 << 20);
    size_t want = 0;
    for (;;) {
        if (want && b.n >= want) return buf_str(&b);
        char c;
        if (recv(fd, &c, 1, 0) != 1) return buf_str(&b);
        buf_char(&b, c);
        if (!want && str_ends(buf_str(&b), S("\r\n\r\n"))) {
            size_t at = str_find(buf_str(&b), S("Content-Length: "));
            u64 length = 0;
            if (at != STR_NONE) {
                str rest = str_skip(buf_str(&b), at + 16);
                str_to_u64(str_cut(&rest, '\r'), &length);
            }
            want = b.n + (size_t)length;
        }
    }
}

__attribute__((unused)) static int raw_status(str answer) {
    u64 status = 0;
    if (answer.n < 12) return 0;
    str_to_u64((str){answer.p + 9, 3}, &status);
    return (int)status;
}

__attribute__((unused)) static str raw_body(str answer) {
    size_t at = str_find(answer, S("\r\n\r\n"));
    return at == STR_NONE ? (str){0} : str_skip(answer, at + 4);
}

/* Sends the bytes on a new connection and reads everything. */
__attribute__((unused)) static str raw_exchange(struct arena *a, struct http_server *s, str request) {
    int fd = raw_connect(s);
    raw_send(fd, request);
    str answer = raw_read_all(a, fd, NULL);
    close(fd);
    return answer;
}

__attribute__((unused)) static bool wait_for(_Atomic int *counter, int value) {
    for (int i = 0; i < 500 && atomic_load(counter) < value; i++) usleep(10000);
    return atomic_load(counter) >= value;
}

#endif
