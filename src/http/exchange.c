/* What the application calls. Nothing here touches the socket or calls back: state is set, and the
 * end of the loop's turn acts on it. So the application may call from any of its callbacks. */
#include "http/internal.h"

str http_header_get(const struct http_request *r, str name) {
    for (size_t i = 0; i < r->header_count; i++)
        if (r->headers[i].name.n == name.n && str_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return (str){0};
}

const struct http_request *http_exchange_request(struct http_exchange *x) { return &x->request; }
struct arena *http_exchange_arena(struct http_exchange *x) { return &x->arena; }
struct http_loop *http_exchange_loop(struct http_exchange *x) { return x->loop; }
void http_set_user(struct http_exchange *x, void *user) { x->user = user; }
void *http_user(struct http_exchange *x) { return x->user; }

/* ---- the body ---- */

static bool is_over(const struct http_exchange *x) { return x->answered || x->failed || x->aborting; }

void http_receive_body(struct http_exchange *x, u64 max_bytes) {
    if (is_over(x)) return;
    if (x->request.body_length > 0 && (u64)x->request.body_length > max_bytes) {
        x->conn->protocol->refuse(x, 413);
    } else {
        x->receiving = true;
        x->body_max = max_bytes;
        x->conn->protocol->resume(x);
    }
    conn_mark_dirty(x->conn);
}

void http_pause_body(struct http_exchange *x) { x->paused = true; }

void http_lend_room(struct http_exchange *x, char *room, size_t n) {
    x->room = room;
    x->room_n = n;
}

void http_resume_body(struct http_exchange *x) {
    if (!x->paused) return;
    x->paused = false;
    if (is_over(x)) return;
    x->conn->protocol->resume(x);
    conn_mark_dirty(x->conn);
}

void exchange_deliver(struct http_exchange *x, str bytes) {
    x->body_received += bytes.n;
    x->room_n = 0;
    if (x->body_received > x->body_max) {
        x->conn->protocol->refuse(x, 413);
        return;
    }
    const struct http_app *app = x->conn->loop->app;
    if (app->on_body) app->on_body(app->context, x, bytes);
}

void exchange_deliver_end(struct http_exchange *x) {
    if (x->body_ended || is_over(x)) return;
    x->body_ended = true;
    const struct http_app *app = x->conn->loop->app;
    if (app->on_body_end) app->on_body_end(app->context, x);
}

/* ---- the answer ---- */

void http_respond(struct http_exchange *x, int status, const struct http_header *headers, size_t n,
                  str body) {
    if (x->failed || x->aborting) return; /* the room has answered or is about to hang up */
    ASSERT(!x->answered);
    x->answered = true;
    x->conn->protocol->answer(x, status, headers, n, body, (i64)body.n);
    conn_mark_dirty(x->conn);
}

void http_respond_stream(struct http_exchange *x, int status, const struct http_header *headers,
                         size_t n, struct http_producer producer) {
    if (x->failed || x->aborting) {
        if (producer.close) producer.close(producer.context);
        return;
    }
    ASSERT(!x->answered);
    x->answered = x->streaming = true;
    x->producer = producer;
    x->conn->protocol->answer(x, status, headers, n, (str){0}, producer.length);
    if (x->head_only) exchange_close_producer(x);
    conn_mark_dirty(x->conn);
}

void http_stream_ready(struct http_exchange *x) {
    if (!x->streaming || !x->later) return;
    x->later = false;
    x->conn->protocol->ready(x);
    conn_mark_dirty(x->conn);
}

void http_abort(struct http_exchange *x) {
    if (x->aborting) return;
    x->aborting = true;
    x->conn->protocol->abort(x);
    conn_mark_dirty(x->conn);
}

size_t exchange_produce(struct http_exchange *x, char *out, size_t capacity) {
    const struct http_producer *p = &x->producer;
    if (!p->lend) return p->produce(p->context, out, capacity);
    if (!x->lent.n) {
        const char *bytes;
        size_t n = p->lend(p->context, &bytes);
        if (!n || n == HTTP_LATER || n == HTTP_BROKEN) return n;
        x->lent = (str){bytes, n};
    }
    size_t n = MIN(capacity, x->lent.n);
    memcpy(out, x->lent.p, n);
    x->lent = str_skip(x->lent, n);
    return n;
}

void exchange_close_producer(struct http_exchange *x) {
    x->streaming = false;
    x->lent = (str){0};
    if (x->producer.close) x->producer.close(x->producer.context);
    x->producer = (struct http_producer){0};
}

void exchange_end(struct http_exchange *x, bool aborted) {
    const struct http_app *app = x->conn->loop->app;
    if (x->streaming) exchange_close_producer(x);
    if (x->announced && app->on_end) app->on_end(app->context, x, aborted);
    x->over = true;
    x->conn = NULL;
    if (!x->holds) exchange_free(x);
}

void http_hold(struct http_exchange *x) { x->holds++; }

void http_release(struct http_exchange *x) {
    ASSERT(x->holds);
    if (--x->holds == 0 && x->over) exchange_free(x);
}

/* ---- statuses ---- */

bool status_has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

str status_reason(int status) {
    switch (status) {
    case 101: return S("Switching Protocols");
    case 200: return S("OK");
    case 201: return S("Created");
    case 202: return S("Accepted");
    case 204: return S("No Content");
    case 206: return S("Partial Content");
    case 301: return S("Moved Permanently");
    case 302: return S("Found");
    case 303: return S("See Other");
    case 304: return S("Not Modified");
    case 307: return S("Temporary Redirect");
    case 308: return S("Permanent Redirect");
    case 400: return S("Bad Request");
    case 401: return S("Unauthorized");
    case 402: return S("Payment Required");
    case 403: return S("Forbidden");
    case 404: return S("Not Found");
    case 405: return S("Method Not Allowed");
    case 406: return S("Not Acceptable");
    case 408: return S("Request Timeout");
    case 409: return S("Conflict");
    case 410: return S("Gone");
    case 411: return S("Length Required");
    case 412: return S("Precondition Failed");
    case 413: return S("Content Too Large");
    case 414: return S("URI Too Long");
    case 415: return S("Unsupported Media Type");
    case 416: return S("Range Not Satisfiable");
    case 424: return S("Failed Dependency");
    case 429: return S("Too Many Requests");
    case 431: return S("Request Header Fields Too Large");
    case 500: return S("Internal Server Error");
    case 501: return S("Not Implemented");
    case 502: return S("Bad Gateway");
    case 503: return S("Service Unavailable");
    case 504: return S("Gateway Timeout");
    case 505: return S("HTTP Version Not Supported");
    default: return S("Status");
    }
}
