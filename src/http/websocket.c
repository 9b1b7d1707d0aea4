/* WebSocket on a connection: messages from frames, pings, the closing handshake. */
#include "http/internal.h"
#include "http/websocket_frame.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdlib.h>

enum { OUT_MAX = 4 << 20 }; /* bytes that wait for a slow client */

struct http_websocket {
    struct http_conn *conn;
    struct http_websocket_app app;
    size_t max;
    struct ws_frames frames;
    char *message; /* malloc, only while one is under way */
    size_t message_n, message_capacity;
    bool in_message, text;
    u8 control[125];
    u8 control_n;
    bool pinged;     /* and heard nothing since */
    bool closing;    /* our close frame is queued: nothing follows it */
    char *out; /* malloc */
    size_t out_n, out_at, out_capacity;
};

/* ---- output ---- */

static bool queue_frame(struct http_websocket *w, enum ws_opcode opcode, str payload) {
    u8 header[10];
    size_t n = ws_header(opcode, payload.n, header);
    size_t waiting = w->out_n - w->out_at;
    if (w->closing || payload.n > OUT_MAX || waiting + n + payload.n > OUT_MAX) return false;
    if (w->out_capacity - w->out_n < n + payload.n) {
        if (waiting) memmove(w->out, w->out + w->out_at, waiting);
        w->out_at = 0;
        w->out_n = waiting;
        if (w->out_capacity < waiting + n + payload.n) {
            w->out_capacity = MAX(w->out_capacity * 2, waiting + n + payload.n);
            w->out = realloc(w->out, w->out_capacity);
            ASSERT(w->out);
        }
    }
    memcpy(w->out + w->out_n, header, n);
    if (payload.n) memcpy(w->out + w->out_n + n, payload.p, payload.n);
    w->out_n += n + payload.n;
    conn_mark_dirty(w->conn);
    return true;
}

static void queue_close(struct http_websocket *w, int code) {
    char payload[2] = {(char)(code >> 8), (char)code};
    queue_frame(w, WS_CLOSE, (str){payload, code ? 2u : 0u});
    w->closing = true;
    conn_mark_dirty(w->conn);
}

bool http_websocket_send(struct http_websocket *w, str message, bool text) {
    return queue_frame(w, text ? WS_TEXT : WS_BINARY, message);
}

void http_websocket_close(struct http_websocket *w, int code) { queue_close(w, code); }

static void websocket_flush(struct http_conn *c) {
    struct http_websocket *w = c->websocket;
    while (w->out_at < w->out_n) {
        str left = {w->out + w->out_at, w->out_n - w->out_at};
        i64 n = conn_write(c, &left, 1);
        if (n < 0) {
            conn_close(c);
            return;
        }
        w->out_at += (size_t)n;
        if ((size_t)n < left.n) {
            c->want_write = true;
            return;
        }
    }
    free(w->out);
    w->out = NULL;
    w->out_n = w->out_at = w->out_capacity = 0;
    if (w->closing) conn_linger(c);
}

/* ---- input ---- */

static void drop_message(struct http_websocket *w) {
    free(w->message);
    w->message = NULL;
    w->message_n = w->message_capacity = 0;
    w->in_message = false;
}

/* 0, or the code to close with. */
static int begin_frame(struct http_websocket *w) {
    const struct ws_frames *f = &w->frames;
    w->control_n = 0;
    if (f->opcode >= WS_CLOSE) return 0;
    if ((f->opcode == WS_CONTINUATION) != w->in_message) return 1002;
    if (f->opcode != WS_CONTINUATION) {
        w->in_message = true;
        w->text = f->opcode == WS_TEXT;
    }
    return f->left > w->max - w->message_n ? 1009 : 0;
}

static void take_payload(struct http_websocket *w, str bytes) {
    if (w->frames.opcode >= WS_CLOSE) {
        ws_unmask(&w->frames, bytes, (char *)w->control + w->control_n);
        w->control_n = (u8)(w->control_n + bytes.n);
        return;
    }
    if (w->message_capacity - w->message_n < bytes.n) { /* as it comes, not as it is announced */
        w->message_capacity = MIN(MAX(w->message_capacity * 2, w->message_n + bytes.n), w->max);
        w->message = realloc(w->message, w->message_capacity);
        ASSERT(w->message);
    }
    ws_unmask(&w->frames, bytes, w->message + w->message_n);
    w->message_n += bytes.n;
}

static int answer_close(struct http_websocket *w) {
    if (!w->control_n) return -1;
    if (w->control_n == 1) return 1002;
    int code = w->control[0] << 8 | w->control[1];
    bool known = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006)
                 || (code >= 3000 && code <= 4999);
    if (!known) return 1002;
    return utf8_valid((str){(const char *)w->control + 2, w->control_n - 2u}) ? code : 1007;
}

/* 0: go on; -1: close without a code; else the code to close with. */
static int end_frame(struct http_websocket *w) {
    switch (w->frames.opcode) {
    case WS_CLOSE: return answer_close(w);
    case WS_PING: /* a client that pings faster than it reads loses pongs, not memory */
        queue_frame(w, WS_PONG, (str){(const char *)w->control, w->control_n});
        return 0;
    case WS_PONG: return 0;
    default: break;
    }
    if (!w->frames.final) return 0;
    str message = {w->message ? w->message : "", w->message_n};
    if (w->text && !utf8_valid(message)) return 1007;
    w->message = NULL; /* the application may send or close meanwhile */
    char *owned = message.n ? (char *)(uintptr_t)message.p : NULL;
    bool text = w->text;
    drop_message(w);
    if (w->app.on_message) w->app.on_message(w->app.context, w, message, text);
    free(owned);
    return 0;
}

static size_t websocket_input(struct http_conn *c, str in) {
    struct http_websocket *w = c->websocket;
    size_t all = in.n;
    w->pinged = false;
    while (!w->closing) {
        str bytes;
        int code = 0;
        switch (ws_next(&w->frames, &in, &bytes)) {
        case WS_MORE: return all;
        case WS_BEGIN: code = begin_frame(w); break;
        case WS_BYTES: take_payload(w, bytes); break;
        case WS_END: code = end_frame(w); break;
        case WS_BAD: code = 1002; break;
        }
        if (code) queue_close(w, code < 0 ? 0 : code);
    }
    return all; /* what follows a close is of no interest */
}

static bool websocket_wants_input(const struct http_conn *c) {
    const struct http_websocket *w = c->websocket;
    return w->out_n - w->out_at < OUT_MAX / 2; /* a client that does not read is not read from */
}

static enum timeout_class websocket_waits_for(const struct http_conn *c) { return TIMEOUT_KEEP_ALIVE; }

static void websocket_expire(struct http_conn *c, enum timeout_class waited_for) {
    struct http_websocket *w = c->websocket;
    if (w->pinged || w->closing) {
        conn_close(c);
        return;
    }
    w->pinged = true;
    queue_frame(w, WS_PING, S(""));
}

static void websocket_drain(struct http_conn *c) { queue_close(c->websocket, 1001); }

static void websocket_stop(struct http_conn *c) {
    struct http_websocket *w = c->websocket;
    c->websocket = NULL;
    if (!w) return;
    if (w->app.on_close) w->app.on_close(w->app.context, w);
    free(w->message);
    free(w->out);
    free(w);
}

const struct protocol protocol_websocket = {.input = websocket_input,
                                            .wants_input = websocket_wants_input,
                                            .flush = websocket_flush,
                                            .eof = conn_close,
                                            .waits_for = websocket_waits_for,
                                            .expire = websocket_expire,
                                            .drain = websocket_drain,
                                            .stop = websocket_stop};

/* ---- the handshake ---- */

struct http_websocket *http_accept_websocket(struct http_exchange *x, struct http_websocket_app app,
                                             size_t max_bytes) {
    ASSERT(x->request.upgrade_websocket && !x->answered);
    struct http_websocket *w = malloc(sizeof *w); /* outlives the exchange */
    ASSERT(w);
    *w = (struct http_websocket){.conn = x->conn, .app = app, .max = max_bytes};
    x->conn->websocket = w;
    str proof = arena_concat(&x->arena, x->h1.websocket_key, S("258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    u8 digest[DIGEST_MAX];
    size_t n = digest_once(DIGEST_SHA1, proof, digest);
    struct http_header headers[] = {
        {S("Upgrade"), S("websocket")},
        {S("Connection"), S("Upgrade")},
        {S("Sec-WebSocket-Accept"), base64_of(&x->arena, (str){(const char *)digest, n})},
    };
    http_respond(x, 101, headers, LENGTH(headers), (str){0});
    return w;
}
