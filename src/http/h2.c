/* HTTP/2 on a connection, by nghttp2: its streams are exchanges that interleave. Windows open again
 * only as the application takes bytes, so a paused body holds at most STREAM_WINDOW in memory. */
#include "http/internal.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

enum {
    STREAMS_MAX = 100,
    STREAM_WINDOW = 256 * 1024,
    CONNECTION_WINDOW = 2 * 1024 * 1024,
    RESETS_MAX = 200, /* more than it completes: a client that opens streams to cancel them */
    PIECE_MAX = 17 * 1024 /* of what nghttp2 hands out at a time */
};

struct h2 {
    nghttp2_session *session;
    struct http_exchange *streams;
    u32 resets;
    bool resumed; /* some exchange takes its body again */
};

static bool takes_body(const struct http_exchange *x) {
    return x->receiving && !x->paused && !x->answered && !x->failed && !x->aborting;
}

static nghttp2_session *session_of(const struct http_exchange *x) { return x->conn->h2->session; }

/* ---- requests ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *conn) {
    struct http_conn *c = conn;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    struct http_exchange *x = exchange_new(c);
    x->stream = frame->hd.stream_id;
    x->fields = buf_new(&x->arena, c->loop->limits->header_count * sizeof(struct http_header));
    x->next = c->h2->streams;
    x->link = &c->h2->streams;
    if (x->next) x->next->link = &x->next;
    c->h2->streams = x;
    nghttp2_session_set_stream_user_data(session, x->stream, x);
    return 0;
}

static void set_pseudo(struct http_request *r, str name, str value) {
    if (str_eq(name, S(":method"))) r->method = value;
    else if (str_eq(name, S(":path"))) r->target = value;
    else if (str_eq(name, S(":authority"))) r->host = value;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const u8 *name, size_t name_n,
                     const u8 *value, size_t value_n, u8 flags, void *conn) {
    struct http_conn *c = conn;
    struct http_exchange *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!x || x->announced || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0; /* a trailer */
    x->header_bytes += name_n + value_n + 32;
    if (x->header_bytes > c->loop->limits->header_bytes) x->refused = 431;
    if (x->refused) return 0;
    struct http_header header = {arena_str(&x->arena, (str){(const char *)name, name_n}),
                                 arena_str(&x->arena, (str){(const char *)value, value_n})};
    if (name_n && name[0] == ':') {
        set_pseudo(&x->request, header.name, header.value);
        return 0;
    }
    buf_add(&x->fields, (str){(const char *)&header, sizeof header});
    if (x->fields.over) x->refused = 431;
    return 0;
}

/* 0, or the status to refuse with. nghttp2 has checked names, pseudo headers and Content-Length. */
static int interpret(struct http_exchange *x) {
    struct http_request *r = &x->request;
    if (x->refused) return x->refused;
    /* The headers are gathered unaligned in a buf; an array of its own makes them one, with room for Host. */
    r->header_count = x->fields.n / sizeof(struct http_header);
    struct http_header *headers = NEW_ARRAY(&x->arena, struct http_header, r->header_count + 1);
    if (x->fields.n) memcpy(headers, x->fields.p, x->fields.n);
    r->headers = headers;
    str host = http_header_get(r, S("host"));
    if (!r->host.p) r->host = host;
    else if (!host.p) headers[r->header_count++] = (struct http_header){S("host"), r->host}; /* clients sign it under this name */
    else if (!str_eq(host, r->host)) return 400;
    bool star = str_eq(r->target, S("*")) && str_eq(r->method, S("OPTIONS"));
    if (str_eq(r->method, S("CONNECT"))) return 501;
    if (!star && !str_starts(r->target, S("/"))) return 400;
    if (str_find_char(r->target, '#') != STR_NONE || !r->host.p) return 400;
    str rest = r->target;
    r->path = str_cut(&rest, '?');
    r->query = rest;
    str length = http_header_get(r, S("content-length"));
    r->body_length = x->end_stream ? 0 : -1;
    if (length.p && (!str_to_i64(length, &r->body_length) || r->body_length < 0)) return 400;
    str expect = http_header_get(r, S("expect"));
    r->expects_continue = str_eq_nocase(expect, S("100-continue")) && !x->end_stream;
    return 0;
}

static void maybe_end_body(struct http_exchange *x) {
    if (!x->end_stream || x->waiting_n) return;
    x->body_done = true;
    if (x->receiving && !x->paused) exchange_deliver_end(x);
}

static void announce(struct http_exchange *x) {
    struct http_conn *c = x->conn;
    int status = interpret(x);
    x->head_only = str_eq(x->request.method, S("HEAD"));
    if (status) {
        c->protocol->refuse(x, status);
        return;
    }
    if (c->ssl) tls_describe(c, &x->request);
    x->request.http2 = true;
    x->request.peer_loopback = c->peer_loopback;
    x->request.local_loopback = c->local_loopback;
    x->request.peer = conn_peer(c, &x->arena);
    x->expects = x->request.expects_continue;
    x->body_done = x->end_stream;
    x->announced = true;
    c->served = true;
    c->loop->app->on_request(c->loop->app->context, x);
}

static void count_reset(struct http_conn *c, nghttp2_session *session) {
    if (++c->h2->resets > RESETS_MAX) nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static int on_frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *conn) {
    struct http_conn *c = conn;
    if (frame->hd.type == NGHTTP2_RST_STREAM) count_reset(c, session);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    struct http_exchange *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!x) return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) x->end_stream = true;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) announce(x);
    maybe_end_body(x);
    return 0;
}

/* ---- bodies ---- */

static void wait_with(struct http_exchange *x, str bytes) {
    if (x->waiting_capacity - x->waiting_n < bytes.n) { /* bounded by the stream's window */
        x->waiting_capacity = MAX(x->waiting_capacity * 2, x->waiting_n + bytes.n);
        x->waiting = realloc(x->waiting, x->waiting_capacity);
        ASSERT(x->waiting);
    }
    memcpy(x->waiting + x->waiting_n, bytes.p, bytes.n);
    x->waiting_n += bytes.n;
}

static int on_data(nghttp2_session *session, u8 flags, i32 stream, const u8 *data, size_t n, void *conn) {
    struct http_exchange *x = nghttp2_session_get_stream_user_data(session, stream);
    str bytes = {(const char *)data, n};
    if (x) x->body_seen = true;
    if (x && !takes_body(x) && !x->answered && !x->aborting) {
        wait_with(x, bytes);
        return 0;
    }
    if (x && takes_body(x)) exchange_deliver(x, bytes);
    nghttp2_session_consume(session, stream, n);
    return 0;
}

static void h2_feed(struct http_conn *c) {
    if (!c->h2 || !c->h2->resumed) return;
    c->h2->resumed = false;
    for (struct http_exchange *x = c->h2->streams, *next; x; x = next) {
        next = x->next;
        if (x->announced && takes_body(x) && x->waiting_n) {
            str bytes = {x->waiting, x->waiting_n};
            char *waiting = x->waiting;
            x->waiting = NULL;
            x->waiting_n = x->waiting_capacity = 0;
            exchange_deliver(x, bytes);
            nghttp2_session_consume(c->h2->session, x->stream, bytes.n);
            free(waiting);
        }
        if (x->announced) maybe_end_body(x);
    }
}

static void h2_resume(struct http_exchange *x) {
    x->conn->h2->resumed = true;
    if (!x->expects || x->body_seen) return;
    x->expects = false;
    static u8 name[] = ":status", value[] = "100";
    nghttp2_nv nv = {name, value, 7, 3, 0};
    nghttp2_submit_headers(session_of(x), NGHTTP2_FLAG_NONE, x->stream, NULL, &nv, 1, NULL);
}

/* ---- answers ---- */

static ssize_t read_answer(nghttp2_session *session, i32 stream, u8 *out, size_t capacity, u32 *flags,
                           nghttp2_data_source *source, void *conn) {
    struct http_exchange *x = source->ptr;
    if (!x->streaming) {
        size_t n = MIN(capacity, x->answer.n);
        if (n) memcpy(out, x->answer.p, n);
        x->answer = str_skip(x->answer, n);
        if (!x->answer.n) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return (ssize_t)n;
    }
    i64 left = x->producer.length < 0 ? INT64_MAX : x->producer.length - x->produced;
    capacity = (size_t)MIN((i64)capacity, left);
    size_t n = capacity ? exchange_produce(x, (char *)out, capacity) : 0;
    if (n == HTTP_LATER) {
        x->later = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n == HTTP_BROKEN || n > capacity || (!n && left > 0 && x->producer.length >= 0))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    x->produced += (i64)n;
    if (!n || x->produced == x->producer.length) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        exchange_close_producer(x);
    }
    return (ssize_t)n;
}

static bool belongs_to_http1(str name) {
    return str_eq(name, S("connection")) || str_eq(name, S("transfer-encoding"))
           || str_eq(name, S("keep-alive")) || str_eq(name, S("upgrade"));
}

static u8 *lower(struct arena *a, str s) {
    char *copy = arena_c_string(a, s);
    for (size_t i = 0; i < s.n; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z') copy[i] = (char)(copy[i] - 'A' + 'a');
    return (u8 *)copy;
}

static u8 *clean(struct arena *a, str s) {
    char *copy = arena_c_string(a, s);
    for (size_t i = 0; i < s.n; i++)
        if (copy[i] == '\r' || copy[i] == '\n' || !copy[i]) copy[i] = ' ';
    return (u8 *)copy;
}

static nghttp2_nv field(struct arena *a, str name, str value) {
    value = value.p ? str_trim(value) : S("");
    return (nghttp2_nv){lower(a, name), clean(a, value), name.n, value.n,
                        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

static void h2_answer(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                      str body, i64 length) {
    struct http_loop *loop = x->conn->loop;
    struct arena *a = &x->arena;
    bool keep_length = str_eq(x->request.method, S("HEAD")) && !body.n && length <= 0;
    x->head_only = x->head_only || status_has_no_body(status);
    loop_refresh_date(loop);
    nghttp2_nv *fields = NEW_ARRAY(a, nghttp2_nv, n + 3);
    size_t count = 0;
    fields[count++] = field(a, S(":status"), arena_format(a, "%d", status));
    bool dated = false;
    for (size_t i = 0; i < n; i++) {
        nghttp2_nv f = field(a, headers[i].name, headers[i].value);
        str name = {(char *)f.name, f.namelen};
        if (belongs_to_http1(name) || (!keep_length && str_eq(name, S("content-length")))) continue;
        dated = dated || str_eq(name, S("date"));
        fields[count++] = f;
    }
    if (length >= 0 && !status_has_no_body(status) && !keep_length)
        fields[count++] = field(a, S("content-length"), arena_format(a, "%lld", (long long)length));
    str date = {loop->date + 6, loop->date_n - 8};
    if (!dated) fields[count++] = field(a, S("date"), date);
    x->answer = body;
    nghttp2_data_provider provider = {.source.ptr = x, .read_callback = read_answer};
    bool has_body = !x->head_only && length != 0;
    if (x->streaming && !has_body && !x->head_only) exchange_close_producer(x);
    nghttp2_submit_response(session_of(x), x->stream, fields, count, has_body ? &provider : NULL);
}

static void h2_refuse(struct http_exchange *x, int status) {
    if (x->failed) return;
    x->failed = true;
    if (x->answered) return;
    x->answered = true;
    str text = arena_concat(&x->arena, status_reason(status), S("\n"));
    struct http_header type = {S("content-type"), S("text/plain")};
    h2_answer(x, status, &type, 1, text, (i64)text.n);
}

static void h2_ready(struct http_exchange *x) { nghttp2_session_resume_data(session_of(x), x->stream); }

static void h2_abort(struct http_exchange *x) {
    nghttp2_submit_rst_stream(session_of(x), NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_INTERNAL_ERROR);
}

/* An answer that ends before its request: the client is told to send no more. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *conn) {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
    struct http_exchange *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!x) return 0;
    x->end_sent = true;
    if (!x->end_stream)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_NO_ERROR);
    return 0;
}

static int on_stream_closed(nghttp2_session *session, i32 stream, u32 error, void *conn) {
    struct http_conn *c = conn;
    struct http_exchange *x = nghttp2_session_get_stream_user_data(session, stream);
    if (!x) return 0;
    if (x->end_sent && c->h2->resets) c->h2->resets--;
    if (x->waiting_n) nghttp2_session_consume_connection(session, x->waiting_n);
    nghttp2_session_set_stream_user_data(session, stream, NULL);
    *x->link = x->next;
    if (x->next) x->next->link = x->link;
    exchange_end(x, !x->end_sent || x->failed);
    return 0;
}

/* ---- the connection ---- */

static bool start(struct http_conn *c) {
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    if (nghttp2_session_callbacks_new(&callbacks)) return false;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    ASSERT(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    c->h2 = malloc(sizeof *c->h2);
    ASSERT(c->h2);
    *c->h2 = (struct h2){0};
    int failed = nghttp2_session_server_new2(&c->h2->session, callbacks, c, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    if (failed) return false;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (u32)c->loop->limits->header_bytes},
    };
    nghttp2_submit_settings(c->h2->session, NGHTTP2_FLAG_NONE, settings, LENGTH(settings));
    nghttp2_session_set_local_window_size(c->h2->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
    if (c->loop->draining) nghttp2_submit_goaway(c->h2->session, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, NULL, 0);
    return true;
}

static size_t h2_input(struct http_conn *c, str bytes) {
    if (c->close_after) return bytes.n;
    if (!c->h2 && !start(c)) {
        conn_close(c);
        return bytes.n;
    }
    ssize_t n = nghttp2_session_mem_recv(c->h2->session, (const u8 *)bytes.p, bytes.n);
    if (n < 0) c->close_after = true; /* GOAWAY, if nghttp2 has one, and the end */
    return bytes.n;
}

/* A client that does not read its answers is not read from. */
static bool h2_wants_input(const struct http_conn *c) { return !c->unsent; }

/* False: the socket is full, or gone. */
static bool send_unsent(struct http_conn *c) {
    if (!c->unsent) return true;
    str left = {c->unsent + c->unsent_at, c->unsent_n - c->unsent_at};
    i64 n = conn_write(c, &left, 1);
    if (n < 0) {
        conn_close(c);
        return false;
    }
    c->unsent_at += (u32)n;
    if (c->unsent_at < c->unsent_n) {
        c->want_write = true;
        return false;
    }
    free(c->unsent);
    c->unsent = NULL;
    return true;
}

/* Gathers frames in the scratch and writes them; what the socket does not take is kept. */
static size_t send_frames(struct http_conn *c) {
    char *scratch = c->loop->scratch;
    size_t n = 0;
    while (SCRATCH_SIZE - n >= PIECE_MAX) {
        const u8 *piece;
        ssize_t got = nghttp2_session_mem_send(c->h2->session, &piece);
        if (got < 0) c->close_after = true;
        if (got <= 0) break;
        ASSERT((size_t)got <= PIECE_MAX);
        memcpy(scratch + n, piece, (size_t)got);
        n += (size_t)got;
    }
    if (!n) return 0;
    str bytes = {scratch, n};
    i64 written = conn_write(c, &bytes, 1);
    if (written < 0) {
        conn_close(c);
        return 0;
    }
    if ((size_t)written == n) return n;
    c->unsent_n = (u32)(n - (size_t)written);
    c->unsent_at = 0;
    c->unsent = malloc(c->unsent_n);
    ASSERT(c->unsent);
    memcpy(c->unsent, scratch + written, c->unsent_n);
    c->want_write = true;
    return 0;
}

static void h2_flush(struct http_conn *c) {
    if (!c->h2 || !send_unsent(c)) return;
    size_t spent = 0, n;
    while ((n = send_frames(c))) {
        spent += n;
        if (spent < FLUSH_MAX) continue;
        c->want_write = true; /* go on in the next turn */
        return;
    }
    if (c->closed || c->want_write) return;
    nghttp2_session *session = c->h2->session;
    if (c->close_after || (!nghttp2_session_want_read(session) && !nghttp2_session_want_write(session)))
        conn_linger(c);
}

static void h2_eof(struct http_conn *c) { conn_close(c); }

static enum timeout_class h2_waits_for(const struct http_conn *c) {
    if (!c->h2 || !c->h2->streams) return c->served ? TIMEOUT_KEEP_ALIVE : TIMEOUT_HEADER;
    enum timeout_class waits = TIMEOUT_NONE;
    for (const struct http_exchange *x = c->h2->streams; x; x = x->next) {
        if (x->answered && !x->later && !x->end_sent) return TIMEOUT_WRITE; /* its window is closed */
        if (!x->announced && !x->answered) return TIMEOUT_HEADER;
        if (takes_body(x) && !x->body_done) waits = TIMEOUT_BODY;
    }
    return waits;
}

static void h2_expire(struct http_conn *c, enum timeout_class waited_for) { conn_close(c); }

static void h2_drain(struct http_conn *c) {
    if (!c->h2) return;
    i32 last = nghttp2_session_get_last_proc_stream_id(c->h2->session);
    nghttp2_submit_goaway(c->h2->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0);
}

static void h2_stop(struct http_conn *c) {
    if (!c->h2) return;
    struct http_exchange *x = c->h2->streams;
    while (x) {
        struct http_exchange *next = x->next;
        exchange_end(x, true);
        x = next;
    }
    nghttp2_session_del(c->h2->session);
    free(c->h2);
    c->h2 = NULL;
    free(c->unsent);
    c->unsent = NULL;
}

const struct protocol protocol_http2 = {.input = h2_input,
                                        .wants_input = h2_wants_input,
                                        .feed = h2_feed,
                                        .flush = h2_flush,
                                        .eof = h2_eof,
                                        .waits_for = h2_waits_for,
                                        .expire = h2_expire,
                                        .drain = h2_drain,
                                        .stop = h2_stop,
                                        .answer = h2_answer,
                                        .resume = h2_resume,
                                        .ready = h2_ready,
                                        .refuse = h2_refuse,
                                        .abort = h2_abort};
