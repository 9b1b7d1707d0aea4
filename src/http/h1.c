/* HTTP/1.1 on a connection: one request after another. */
#include "http/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the request's head ---- */

static bool in_head(const struct http_exchange *x) { return !x->announced && !x->answered; }

static void announce(struct http_conn *c, str head) {
    struct http_exchange *x = c->x;
    struct http_loop *loop = c->loop;
    int status = h1_parse_head(head, loop->limits, &x->arena, &x->request, &x->h1);
    x->head_only = str_eq(x->request.method, S("HEAD"));
    if (status) {
        h1_refuse(c, status);
        return;
    }
    if (c->ssl) tls_describe(c, &x->request);
    x->request.peer_loopback = c->peer_loopback;
    x->request.local_loopback = c->local_loopback;
    x->request.peer = conn_peer(c, &x->arena);
    x->expects = x->request.expects_continue;
    h1_body_start(&x->body, x->h1.chunked, x->h1.chunked ? 0 : (u64)x->request.body_length);
    x->body_done = x->request.body_length == 0;
    x->announced = true;
    c->served = true;
    loop->app->on_request(loop->app->context, x);
}

/* A head that arrived whole is copied once; one that comes in pieces grows in the arena. Either way
 * the views of the request point into the arena. */
static size_t take_head(struct http_conn *c, str bytes) {
    size_t skipped = 0;
    if (!c->x) { /* RFC 9112 2.2: an empty line before a request is ignored */
        while (skipped < bytes.n && skipped < 4 && (bytes.p[skipped] == '\r' || bytes.p[skipped] == '\n'))
            skipped++;
        bytes = str_skip(bytes, skipped);
        if (!bytes.n) return skipped;
        c->x = exchange_new(c);
    }
    struct http_exchange *x = c->x;
    size_t max = c->loop->limits->header_bytes, from = 0;
    if (!x->head.n) {
        size_t n = h1_head_end(str_take(bytes, max), &from);
        if (n) {
            announce(c, arena_str(&x->arena, str_take(bytes, n)));
            return skipped + n;
        }
        if (bytes.p[0] < 'A' || bytes.p[0] > 'Z') { /* no method begins so: who speaks TLS here shall not wait for an answer */
            h1_refuse(c, 400);
            return skipped + bytes.n;
        }
        x->head = buf_new(&x->arena, max);
    }
    size_t before = x->head.n, added = MIN(bytes.n, max - before);
    buf_add(&x->head, str_take(bytes, added));
    size_t n = h1_head_end(buf_str(&x->head), &x->searched);
    if (n) {
        announce(c, str_take(buf_str(&x->head), n));
        return skipped + n - before;
    }
    if (x->head.n == max) h1_refuse(c, str_find_char(buf_str(&x->head), '\n') == STR_NONE ? 414 : 431);
    return skipped + added;
}

/* ---- its body ---- */

static bool wants_body(const struct http_exchange *x) {
    return x->receiving && !x->paused && !x->body_done && !x->answered && !x->failed && !x->aborting;
}

static size_t take_body(struct http_conn *c, str in) {
    struct http_exchange *x = c->x;
    size_t all = in.n;
    x->body_seen = x->body_seen || all;
    while (wants_body(x)) {
        str bytes;
        switch (h1_body_next(&x->body, &in, &bytes)) {
        case H1_BODY_BYTES: exchange_deliver(x, bytes); break;
        case H1_BODY_END: x->body_done = true; break;
        case H1_BODY_BAD: h1_refuse(c, 400); break;
        case H1_BODY_MORE: return all;
        }
    }
    return all - in.n;
}

static void maybe_end_body(struct http_exchange *x) {
    if (x->receiving && x->body_done && !x->paused) exchange_deliver_end(x);
}

static size_t h1_input(struct http_conn *c, str bytes) {
    size_t taken = 0;
    for (;;) {
        str rest = str_skip(bytes, taken);
        struct http_exchange *x = c->x;
        if (rest.n && !c->close_after && (!x || in_head(x))) {
            taken += take_head(c, rest);
            if (!c->x) return taken;
        } else if (x && wants_body(x) && rest.n) {
            taken += take_body(c, rest);
        } else {
            break;
        }
        maybe_end_body(c->x);
    }
    return taken;
}

static bool h1_wants_input(const struct http_conn *c) {
    const struct http_exchange *x = c->x;
    if (!x || in_head(x)) return !c->close_after;
    return wants_body(x);
}

/* Of a body with a length: what comes next is its bytes and nothing else. */
static size_t h1_room(const struct http_conn *c, char **room) {
    const struct http_exchange *x = c->x;
    if (!x || in_head(x) || !wants_body(x) || !x->room_n || x->request.body_length < 0) return 0;
    *room = x->room;
    return (size_t)MIN(x->body.left, (u64)x->room_n);
}

/* While the application works we read on, for the client's end; what it pipelines is held. */
static bool h1_listens(const struct http_conn *c) { return c->x && c->x->body_done && !c->close_after; }

/* The body may have ended while the application paused it. */
static void h1_feed(struct http_conn *c) {
    if (!c->x || !c->x->announced) return;
    if (wants_body(c->x)) take_body(c, S(""));
    maybe_end_body(c->x);
}

static void h1_eof(struct http_conn *c) {
    struct http_exchange *x = c->x;
    if (!x || in_head(x) || (!x->body_done && !x->answered)) conn_close(c);
    else c->close_after = true; /* half closed: it still gets its answer */
}

static void h1_resume(struct http_exchange *x) {
    if (!x->expects || x->body_seen) return;
    x->expects = false;
    x->interim = S("HTTP/1.1 100 Continue\r\n\r\n");
}

/* ---- the answer's head ---- */

static char *put(char *at, str s) {
    if (s.n) memcpy(at, s.p, s.n);
    return at + s.n;
}

/* Values may carry what a client chose: a line break in one must not start another header. */
static char *put_clean(char *at, str s) {
    static const char unclean[] = {'\r', '\n', 0};
    char *end = put(at, s);
    for (size_t i = 0; i < sizeof unclean; i++)
        for (char *p = at; (p = memchr(p, unclean[i], (size_t)(end - p)));) *p = ' ';
    return end;
}

static char *put_number(char *at, u64 v) {
    char digits[20];
    size_t n = sizeof digits;
    do digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    return put(at, (str){digits + n, sizeof digits - n});
}

/* Those that the room itself decides. */
static bool is_ours(str name, bool keep_length) {
    switch (name.n) {
    case 10: return str_eq_nocase(name, S("connection"));
    case 14: return !keep_length && str_eq_nocase(name, S("content-length"));
    case 17: return str_eq_nocase(name, S("transfer-encoding"));
    default: return false;
    }
}

static void decide_framing(struct http_exchange *x, int status, i64 length) {
    struct http_conn *c = x->conn;
    x->head_only = x->head_only || status_has_no_body(status);
    if (length < 0 && !x->head_only) {
        x->chunked = !x->h1.http10;
        if (!x->chunked) c->close_after = true; /* HTTP/1.0: the end of the connection ends the body */
    }
    /* Who waited to be asked for the body and hears the answer instead is rid of both: botocore, for one, sends
     * nothing more on such a connection, even where the body is empty. */
    if (!x->body_done || x->expects || !x->h1.keep_alive || c->loop->draining) c->close_after = true;
}

enum { JOINED_MAX = 1024 };

static void h1_answer(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                      str body, i64 length) {
    struct http_conn *c = x->conn;
    bool keep_length = str_eq(x->request.method, S("HEAD")) && !body.n && length <= 0;
    if (status != 101) decide_framing(x, status, length);
    loop_refresh_date(c->loop);
    bool joined = !x->head_only && body.n <= JOINED_MAX; /* one piece is cheaper to send than two */
    size_t size = 160 + c->loop->date_n + (joined ? body.n : 0);
    for (size_t i = 0; i < n; i++) size += headers[i].name.n + headers[i].value.n + 4;
    char *start = arena_alloc(&x->arena, size, 1), *at = start;
    at = put(at, S("HTTP/1.1 "));
    at = put_number(at, (u64)status);
    at = put(at, S(" "));
    at = put(at, status_reason(status));
    at = put(at, S("\r\n"));
    bool dated = false;
    for (size_t i = 0; i < n; i++) {
        if (is_ours(headers[i].name, keep_length) && status != 101) continue;
        dated = dated || str_eq_nocase(headers[i].name, S("date"));
        at = put_clean(at, headers[i].name);
        at = put(at, S(": "));
        at = put_clean(at, headers[i].value);
        at = put(at, S("\r\n"));
    }
    if (x->chunked) {
        at = put(at, S("Transfer-Encoding: chunked\r\n"));
    } else if (length >= 0 && !status_has_no_body(status) && !keep_length) {
        at = put(at, S("Content-Length: "));
        at = put_number(at, (u64)length);
        at = put(at, S("\r\n"));
    }
    if (!dated) at = put(at, (str){c->loop->date, c->loop->date_n});
    if (c->close_after) at = put(at, S("Connection: close\r\n"));
    else if (x->h1.http10) at = put(at, S("Connection: keep-alive\r\n"));
    at = put(at, S("\r\n"));
    if (joined) at = put(at, body);
    ASSERT((size_t)(at - start) <= size);
    x->out[0] = (str){start, (size_t)(at - start)};
    if (!x->head_only && !joined) x->out[1] = body;
}

void h1_refuse(struct http_conn *c, int status) {
    struct http_exchange *x = c->x;
    if (x->failed) return;
    x->failed = true;
    c->close_after = true;
    if (x->answered) return; /* the application's answer is on its way; it is the last */
    x->answered = true;
    x->body_done = false;
    x->interim = (str){0};
    str text = arena_concat(&x->arena, status_reason(status), S("\n"));
    struct http_header type = {S("Content-Type"), S("text/plain")};
    h1_answer(x, status, &type, 1, text, (i64)text.n);
    conn_mark_dirty(c);
}

static void h1_refuse_exchange(struct http_exchange *x, int status) { h1_refuse(x->conn, status); }

/* ---- writing ---- */

/* Fills out[1] with the next piece: as the producer lends it, or framed in the loop's scratch. */
static void produce(struct http_exchange *x) {
    enum { BEFORE = 20, BEHIND = 8 }; /* room for a chunk's size line; for its CRLF and the last chunk */
    char *room = x->conn->loop->scratch + BEFORE;
    size_t capacity = SCRATCH_SIZE - BEFORE - BEHIND;
    i64 left = x->producer.length < 0 ? INT64_MAX : x->producer.length - x->produced;
    if (left == 0) { /* all that was promised */
        exchange_close_producer(x);
        return;
    }
    bool lends = x->producer.lend && !x->chunked;
    capacity = lends ? (size_t)left : (size_t)MIN((i64)capacity, left);
    const char *bytes = room;
    size_t n = lends ? x->producer.lend(x->producer.context, &bytes) : exchange_produce(x, room, capacity);
    if (n == HTTP_LATER) {
        x->later = true;
        return;
    }
    if (n == HTTP_BROKEN || n > capacity || (n == 0 && x->producer.length >= 0)) {
        x->broken = true;
        return;
    }
    x->produced += (i64)n;
    if (n == 0) {
        exchange_close_producer(x);
        if (x->chunked) x->out[1] = S("0\r\n\r\n");
    } else if (x->chunked) {
        char line[BEFORE];
        int width = snprintf(line, sizeof line, "%zx\r\n", n);
        memcpy(room - width, line, (size_t)width);
        memcpy(room + n, "\r\n", 2);
        x->out[1] = (str){room - width, n + (size_t)width + 2};
    } else {
        x->out[1] = (str){bytes, n};
        if (!lends && x->produced == x->producer.length) exchange_close_producer(x);
    }
}

/* The socket is full: what stands in the scratch must be kept. */
static void keep_rest(struct http_exchange *x) {
    const char *scratch = x->conn->loop->scratch;
    if (!x->out[1].n || x->out[1].p < scratch || x->out[1].p >= scratch + SCRATCH_SIZE) return;
    char *rest = malloc(x->out[1].n);
    ASSERT(rest);
    memcpy(rest, x->out[1].p, x->out[1].n);
    free(x->rest);
    x->rest = rest;
    x->out[1].p = rest;
}

/* Writes until all is out, the socket is full, or the producer has nothing. False: closed. */
static bool write_out(struct http_conn *c) {
    struct http_exchange *x = c->x;
    for (size_t spent = 0;;) {
        if (x->streaming && !x->later && !x->out[1].n) {
            produce(x);
            if (x->broken) {
                conn_close(c);
                return false;
            }
        }
        str parts[3] = {x->interim, x->out[0], x->out[1]};
        size_t total = parts[0].n + parts[1].n + parts[2].n;
        if (!total) return true;
        i64 written = conn_write(c, parts, 3);
        if (written < 0) {
            conn_close(c);
            return false;
        }
        size_t n = (size_t)written;
        spent += n;
        str *queue[3] = {&x->interim, &x->out[0], &x->out[1]};
        for (int i = 0; i < 3; i++) {
            size_t part = MIN(n, queue[i]->n);
            *queue[i] = str_skip(*queue[i], part);
            n -= part;
        }
        if ((size_t)written < total || (spent >= FLUSH_MAX && x->streaming)) {
            keep_rest(x);
            c->want_write = true;
            return true;
        }
    }
}

static void h1_flush(struct http_conn *c) {
    struct http_exchange *x = c->x;
    if (!x) {
        if (c->close_after) conn_close(c);
        return;
    }
    if (x->aborting) {
        conn_close(c);
        return;
    }
    if (!write_out(c) || c->want_write || !x->answered || x->streaming) return;
    bool unread = !x->body_done;
    c->x = NULL;
    exchange_end(x, x->failed);
    if (c->websocket) {
        c->protocol = &protocol_websocket;
        conn_mark_dirty(c); /* frames may wait already, both ways */
        return;
    }
    if (c->close_after && (unread || c->held)) conn_linger(c);
    else if (c->close_after) conn_close(c);
}

/* ---- time, and the end ---- */

static enum timeout_class h1_waits_for(const struct http_conn *c) {
    const struct http_exchange *x = c->x;
    if (!x) return c->served ? TIMEOUT_KEEP_ALIVE : TIMEOUT_HEADER;
    if (in_head(x)) return TIMEOUT_HEADER;
    return wants_body(x) ? TIMEOUT_BODY : TIMEOUT_NONE;
}

static void h1_expire(struct http_conn *c, enum timeout_class waited_for) {
    if (!c->x || waited_for == TIMEOUT_KEEP_ALIVE) conn_close(c);
    else h1_refuse(c, 408);
}

static void h1_drain(struct http_conn *c) {
    if (!c->x && !c->held) conn_close(c);
    else c->close_after = c->x && c->x->answered ? true : c->close_after;
}

static void h1_stop(struct http_conn *c) {
    struct http_exchange *x = c->x;
    c->x = NULL;
    if (x) exchange_end(x, true);
    if (c->websocket) protocol_websocket.stop(c); /* accepted, but the client never heard of it */
}

static void h1_ready(struct http_exchange *x) { (void)x; }        /* the flush sees x->later */
static void h1_abort(struct http_exchange *x) { x->conn->want_write = false; } /* the flush closes */

const struct protocol protocol_http1 = {.input = h1_input,
                                        .wants_input = h1_wants_input,
                                        .room = h1_room,
                                        .listens = h1_listens,
                                        .feed = h1_feed,
                                        .flush = h1_flush,
                                        .eof = h1_eof,
                                        .waits_for = h1_waits_for,
                                        .expire = h1_expire,
                                        .drain = h1_drain,
                                        .stop = h1_stop,
                                        .answer = h1_answer,
                                        .resume = h1_resume,
                                        .ready = h1_ready,
                                        .refuse = h1_refuse_exchange,
                                        .abort = h1_abort};
