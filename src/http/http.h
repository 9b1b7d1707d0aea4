/* HTTP: listeners, HTTP/1.1 and HTTP/2, TLS, WebSocket upgrade; streamed bodies both ways.
 *
 * The room knows nothing of AWS. It parses strictly (llhttp strict; folded headers, bad lengths,
 * Content-Length with Transfer-Encoding and other smuggling forms are refused), bounds everything
 * (struct http_limits) and calls the application through struct http_app, always on the loop thread
 * that owns the connection. HTTP/1.1 requests of a connection are served one after another (pipelined
 * ones wait in the socket); HTTP/2 streams of a connection interleave.
 *
 * An exchange is one request and its response. It lives from on_request until on_end has been called;
 * after on_end the application must not touch it. Its arena lives as long as it. */
#ifndef BRUME_HTTP_H
#define BRUME_HTTP_H

#include "base/arena.h"

struct http_server;
struct http_loop;     /* one per thread */
struct http_exchange; /* opaque; fields by the functions below */

struct http_header {
    str name; /* as sent; compare with str_eq_nocase (HTTP/2: lower case) */
    str value;
};

struct http_request {
    str method;
    str target;  /* raw request target as sent: path and query, undecoded; never absolute-form */
    str path;    /* raw, before '?' */
    str query;   /* raw, behind '?'; absent if there is no '?' */
    str host;    /* Host or :authority, as sent; absent if none */
    const struct http_header *headers; /* in order of arrival; HTTP/2's :authority as Host */
    size_t header_count;
    i64 body_length; /* Content-Length; -1 when chunked or HTTP/2 without length; 0 when no body */
    bool expects_continue;
    bool tls, http2, upgrade_websocket;
    u8 tls_minor;           /* with tls: 3 of TLS 1.3 */
    const char *tls_cipher; /* with tls: OpenSSL's name of its suite, as AWS's logs have it; static */
    bool peer_loopback, local_loopback; /* addresses of this connection's ends */
    str peer;    /* "127.0.0.1" or "::1" */
};
str http_header_get(const struct http_request *r, str name); /* first; absent str if none */

/* What the application gives the server. All calls come on the exchange's loop thread. */
struct http_app {
    void *context;
    /* Headers are complete. Body bytes follow only after http_receive_body. The application answers
     * now or later, from this thread, by http_respond. *user is free for the application. */
    void (*on_request)(void *context, struct http_exchange *x);
    /* Some body bytes; a view valid during the call. Not called while paused. */
    void (*on_body)(void *context, struct http_exchange *x, str bytes);
    /* The body is complete (also when there is none). Only after http_receive_body. */
    void (*on_body_end)(void *context, struct http_exchange *x);
    /* The exchange is over: answered and flushed, or the peer went away (aborted), or its body was
     * malformed. Exactly once for each on_request. */
    void (*on_end)(void *context, struct http_exchange *x, bool aborted);
    /* Once per turn of the loop after all on_* of that turn and before answers are written. False: they must
     * not leave; the turn's connections are closed instead. */
    bool (*before_write)(void *context, struct http_loop *loop);
};

const struct http_request *http_exchange_request(struct http_exchange *x);
struct arena *http_exchange_arena(struct http_exchange *x);
struct http_loop *http_exchange_loop(struct http_exchange *x);
void http_set_user(struct http_exchange *x, void *user);
void *http_user(struct http_exchange *x);

/* Starts delivery of the body, sending "100 Continue" first if the client waits for it. If the
 * application answers without it, the connection closes after the answer unless the body was empty. */
void http_receive_body(struct http_exchange *x, u64 max_bytes); /* beyond: 413 by the room, aborted */
void http_pause_body(struct http_exchange *x);
/* The next body bytes may be received straight into `room`: on_body's view then stands there, which
 * spares a copy. A hint, for one on_body; they may come elsewhere all the same. */
void http_lend_room(struct http_exchange *x, char *room, size_t n);
void http_resume_body(struct http_exchange *x);

/* A response body source for http_respond_stream: fills up to `capacity` bytes. Returns the count; 0
 * means the end; HTTP_LATER: not now, http_stream_ready() will be called; HTTP_BROKEN: abort the
 * connection (the client must see that the answer is incomplete). Called on the loop thread; a
 * producer that must block reads ahead elsewhere and answers HTTP_LATER.
 *
 * A producer whose bytes stand in memory already gives `lend` instead of `produce`: it sets *bytes to
 * bytes of its own, which stay as they are until the next `lend` or `close`, and returns as above. On
 * HTTP/1.1 they go to the socket from where they stand. */
#define HTTP_LATER ((size_t)-1)
#define HTTP_BROKEN ((size_t)-2)
struct http_producer {
    size_t (*produce)(void *context, char *out, size_t capacity);
    size_t (*lend)(void *context, const char **bytes);
    void (*close)(void *context); /* always called once, also when the peer goes away */
    void *context;
    i64 length; /* Content-Length, or -1: chunked (HTTP/1.1) or by END_STREAM (HTTP/2) */
};

/* Answers. Headers are copied; the body is not: it lives until on_end (the exchange's arena, or
 * static). Line breaks in values become spaces. No body bytes are delivered after the answer.
 * Content-Length (unless status 1xx, 204, 304), Connection and Date are added by the room unless the
 * headers already have Date. For HEAD, give the headers incl. Content-Length and an empty body. */
void http_respond(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                  str body);
void http_respond_stream(struct http_exchange *x, int status, const struct http_header *headers,
                         size_t n, struct http_producer producer);
void http_stream_ready(struct http_exchange *x); /* on the loop thread */
/* Keeps the exchange's memory (request, arena) beyond on_end, while another thread still works for
 * it; nothing but http_user, http_exchange_loop and the arena may be used then. On the loop thread. */
void http_hold(struct http_exchange *x);
void http_release(struct http_exchange *x);
/* Drop the connection without an answer (HTTP/2: reset the stream). */
void http_abort(struct http_exchange *x);

/* WebSocket: accept an upgrade_websocket request. Messages up to max_bytes. */
struct http_websocket;
struct http_websocket_app {
    void (*on_message)(void *context, struct http_websocket *w, str message, bool text);
    void (*on_close)(void *context, struct http_websocket *w);
    void *context;
};
struct http_websocket *http_accept_websocket(struct http_exchange *x, struct http_websocket_app app,
                                             size_t max_bytes);
bool http_websocket_send(struct http_websocket *w, str message, bool text); /* false: buffer full */
void http_websocket_close(struct http_websocket *w, int code);

/* ---- loops: from any thread, run a function on a loop thread, soon; in order per caller ---- */
struct http_task {
    struct http_task *next;
    void (*run)(struct http_task *task);
};
void http_loop_post(struct http_loop *loop, struct http_task *task); /* task is caller's memory */
/* Run `task` on the loop not before `ms` from now, once. Cancel is safe until it ran. Loop thread only. */
struct http_timer;
struct http_timer *http_timer_start(struct http_loop *loop, i64 ms, void (*run)(void *), void *context);
void http_timer_stop(struct http_timer *t);

/* ---- server ---- */
struct http_limits {
    size_t header_bytes;       /* request line and headers together; 431 */
    size_t header_count;
    size_t connections;        /* further ones wait in the backlog */
    i64 header_timeout_ms;     /* from first byte to end of headers; slowloris; 408 or close */
    i64 body_idle_timeout_ms;  /* no byte of an expected body */
    i64 write_idle_timeout_ms; /* no progress of an answer */
    i64 keep_alive_timeout_ms;
};
struct http_config {
    const char *listen; /* address: "127.0.0.1", "::1", "0.0.0.0" */
    int port;           /* 0: any free one; http_server_port tells */
    int loops;          /* threads; 0: one per core */
    struct http_limits limits; /* zero fields take the defaults of http_default_limits */
    const struct http_tls *tls;  /* NULL: plain only; else TLS and plain are told apart by the first byte */
};
extern const struct http_limits http_default_limits;
/* Binds, starts the threads; NULL and *problem (static or arena text) if it cannot. */
struct http_server *http_server_start(struct arena *boot, const struct http_config *config,
                                      const struct http_app *app, str *problem);
int http_server_port(const struct http_server *s);
size_t http_server_connections(const struct http_server *s);
/* Graceful: stop accepting, close idle connections, let running exchanges end (up to ms), then stop.
 * Returns when every hold is released: nobody posts to a loop any more. */
void http_server_drain(struct http_server *s, i64 ms);

/* TLS: certificates come from the application by server name. */
struct http_tls *http_tls_new(struct arena *boot, const char *directory, str *problem); /* own CA in it */
str http_tls_ca_path(const struct http_tls *tls); /* the CA's certificate in PEM, for clients to trust */

#endif
