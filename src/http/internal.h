/* The room's inside: what its files share. See README.md for the way of a request. */
#ifndef BRUME_HTTP_INTERNAL_H
#define BRUME_HTTP_INTERNAL_H

#include "http/h1_parse.h"
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

struct ssl_st;
struct http_conn;
struct h2;

enum {
    SCRATCH_SIZE = 128 * 1024,    /* one read, one produced piece */
    FREE_EXCHANGES_MAX = 32,      /* kept a loop, each with one arena chunk */
    ACCEPT_MAX = 64,              /* a turn, so that a flood of connects starves nobody */
    FLUSH_MAX = 1 << 20,          /* bytes a connection may write in one turn */
    LINGER_MS = 2000,
    ROUNDS_MAX = 16               /* of pipelined requests in one turn */
};

/* Each class has one duration, so a list in order of entry is a list in order of expiry. */
enum timeout_class {
    TIMEOUT_NONE,
    TIMEOUT_HEADER,
    TIMEOUT_BODY,
    TIMEOUT_WRITE,
    TIMEOUT_KEEP_ALIVE,
    TIMEOUT_LINGER,
    TIMEOUT_CLASSES
};
struct timeout_list {
    struct http_conn *oldest, *newest;
    u64 duration_ms;
};

struct http_loop {
    uv_loop_t uv;
    uv_poll_t wake;
    int wake_fd;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t tick;
    uv_poll_t listener;
    int listen_fd;
    bool listening, accept_paused, ticking, draining, closing;
    pthread_t thread;
    struct http_server *server;
    const struct http_app *app;
    const struct http_limits *limits;
    const struct http_tls *tls;
    size_t connections_max;
    _Atomic size_t connections;
    _Atomic(struct http_task *) posted; /* newest first */
    struct http_task drain_task;
    u64 drain_deadline_ms;
    struct timeout_list timeouts[TIMEOUT_CLASSES];
    u64 tick_ms;
    struct http_conn *all;             /* connections */
    struct http_conn *dirty, **dirty_end; /* those with something to do at the end of this turn */
    struct http_exchange *free_exchanges;
    size_t free_exchange_count, exchange_count; /* waiting for use; in use, also by hold alone */
    char *scratch;
    char date[48]; /* "Date: ...\r\n" */
    size_t date_n;
    i64 date_second;
};

/* What speaks on a connection. Chosen by its first bytes; a WebSocket takes over later. */
struct protocol {
    /* Takes what it can of the bytes and returns how many; the rest is held until wants_input. */
    size_t (*input)(struct http_conn *c, str bytes);
    bool (*wants_input)(const struct http_conn *c);
    size_t (*room)(const struct http_conn *c, char **room); /* for nothing but body bytes; may be NULL */
    bool (*listens)(const struct http_conn *c); /* also reads now, to hold; may be NULL */
    void (*feed)(struct http_conn *c);  /* what the application postponed and now takes; may be NULL */
    void (*flush)(struct http_conn *c); /* answers to the socket; sets want_write when it is full */
    void (*eof)(struct http_conn *c);   /* the client will send no more */
    enum timeout_class (*waits_for)(const struct http_conn *c);
    void (*expire)(struct http_conn *c, enum timeout_class waited_for);
    void (*drain)(struct http_conn *c);
    void (*stop)(struct http_conn *c); /* the connection is gone: end all exchanges as aborted */
    /* of an exchange */
    void (*answer)(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                   str body, i64 length);
    void (*resume)(struct http_exchange *x); /* the body is wanted (again) */
    void (*ready)(struct http_exchange *x);  /* the producer has more */
    void (*refuse)(struct http_exchange *x, int status); /* the room's own answer, then its end */
    void (*abort)(struct http_exchange *x);
};
extern const struct protocol protocol_unknown, protocol_http1, protocol_http2, protocol_websocket,
    protocol_linger;

struct http_conn {
    uv_poll_t poll;
    struct http_loop *loop;
    struct http_conn *all_next, **all_link;
    struct http_conn *dirty_next;
    struct http_conn *older, *newer; /* in its timeout list */
    u64 deadline_ms;
    int fd;
    const struct protocol *protocol;
    u8 timeout, polled;
    u8 holds; /* reasons why this memory must stay: the poll handle, the dirty list */
    bool dirty, closed, read_eof, want_write, progress, served, close_after, needs_more;
    u8 peer_bytes[16];
    bool peer_v6, peer_loopback, local_loopback;
    char *held; /* input that cannot be taken yet; malloc */
    u32 held_n, held_at;
    char *unsent; /* HTTP/2, WebSocket: output that the socket did not take; malloc */
    u32 unsent_n, unsent_at;
    struct ssl_st *ssl;
    struct http_exchange *x; /* HTTP/1.1: the one request under way; NULL when idle */
    struct h2 *h2;
    struct http_websocket *websocket;
};

struct http_exchange {
    struct http_request request;
    struct arena arena;
    struct http_loop *loop;
    struct http_conn *conn; /* NULL once the exchange is over and only held */
    u32 holds;              /* by the application; freed after on_end when none is left */
    bool over;
    void *user;
    struct http_exchange *next, **link; /* HTTP/2's list, or the free list */
    i32 stream;                         /* HTTP/2 stream id; 0: HTTP/1.1 */
    bool announced;  /* on_request was called, so on_end will be */
    bool receiving, paused;
    bool body_done;  /* its last byte was delivered, or there is none */
    bool body_ended; /* on_body_end was called */
    bool body_seen;
    bool answered, streaming, later, broken, aborting, failed;
    bool head_only; /* HEAD, or a status without a body */
    bool chunked;
    bool expects; /* the client waits for 100 Continue and was not told yet */
    u64 body_max, body_received;
    char *room; /* lent for the next body bytes */
    size_t room_n;
    /* HTTP/1.1 */
    struct buf head; /* of the request, while it is incomplete */
    size_t searched;
    struct h1_head h1;
    struct h1_body body;
    str interim;     /* 100 Continue */
    str out[2];      /* head and body, or what is left of a produced piece */
    char *rest;      /* malloc: produced bytes that the socket did not take */
    struct http_producer producer;
    str lent;        /* by the producer, and not copied yet */
    i64 produced;
    /* HTTP/2 */
    int status;
    str answer;
    struct buf fields; /* request headers as they arrive: struct http_header */
    size_t header_bytes;
    int refused;
    bool end_stream; /* the peer has sent its last byte */
    bool end_sent;
    char *waiting;   /* malloc: body bytes the application does not take yet */
    size_t waiting_n, waiting_capacity;
    i64 length_left;
};

/* loop.c */
void loop_init(struct http_loop *loop);
void loop_run(struct http_loop *loop); /* until drained */
void loop_start_ticking(struct http_loop *loop);
void loop_refresh_date(struct http_loop *loop);
struct http_exchange *exchange_new(struct http_conn *c);
void exchange_free(struct http_exchange *x);

/* conn.c: the socket, its turn, its end */
void conn_listen(struct http_loop *loop);
void conn_stop_listening(struct http_loop *loop);
void conn_accept(struct http_loop *loop);
void conn_mark_dirty(struct http_conn *c);
void conn_feed(struct http_conn *c);  /* input to the application */
void conn_flush(struct http_conn *c); /* answers to the socket */
void conn_close(struct http_conn *c); /* now; running exchanges end aborted */
void conn_linger(struct http_conn *c); /* end our side, wait until the client has read it */
void conn_expire(struct http_conn *c, enum timeout_class waited_for);
void conn_set_timeout(struct http_conn *c, enum timeout_class class, bool refresh);
/* Bytes taken; 0 and c->want_write when the socket is full; -1: the connection is dead. */
i64 conn_write(struct http_conn *c, const str *parts, size_t n);
str conn_peer(const struct http_conn *c, struct arena *a);

/* exchange.c */
void exchange_end(struct http_exchange *x, bool aborted); /* on_end, then frees */
str status_reason(int status);
bool status_has_no_body(int status);
void exchange_deliver(struct http_exchange *x, str bytes);
void exchange_deliver_end(struct http_exchange *x);
size_t exchange_produce(struct http_exchange *x, char *out, size_t capacity); /* either form, copied */
void exchange_close_producer(struct http_exchange *x);

/* h1.c */
void h1_refuse(struct http_conn *c, int status); /* the room's own error answer, then close */

/* tls.c */
bool tls_start(struct http_conn *c);
i64 tls_read(struct http_conn *c, char *to, size_t n); /* -1: dead; 0: end; -2: not now */
i64 tls_write(struct http_conn *c, const str *parts, size_t n);
bool tls_has_input(const struct http_conn *c);
void tls_describe(const struct http_conn *c, struct http_request *r);
void tls_stop(struct http_conn *c);

#endif
