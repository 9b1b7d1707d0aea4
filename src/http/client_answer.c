/* The client's side of HTTP/1.1: an answer read whole, within bounds. */
#include "http/client_answer.h"

#include <llhttp.h>

enum { HEADERS_MAX = 128, HEAD_MAX = 64 << 10, ANSWER_MAX = 1 << 20 };

struct reply {
    llhttp_t parser;
    struct buf head, body; /* head: names and values, one behind the other */
    struct header_span {
        size_t name, name_n, value, value_n;
    } headers[HEADERS_MAX];
    size_t count;
    bool in_value, complete, too_large, no_body;
};

static struct reply *reply_of(llhttp_t *p) { return p->data; }

static int on_field(llhttp_t *p, const char *at, size_t n) {
    struct reply *r = reply_of(p);
    if (r->in_value || !r->count) {
        if (r->count == HEADERS_MAX) return -1;
        r->headers[r->count++] = (struct header_span){.name = r->head.n};
        r->in_value = false;
    }
    buf_add(&r->head, (str){at, n});
    r->headers[r->count - 1].name_n += n;
    return r->head.over ? -1 : 0;
}

static int on_value(llhttp_t *p, const char *at, size_t n) {
    struct reply *r = reply_of(p);
    struct header_span *h = &r->headers[r->count - 1];
    if (!r->in_value) h->value = r->head.n;
    r->in_value = true;
    buf_add(&r->head, (str){at, n});
    h->value_n += n;
    return r->head.over ? -1 : 0;
}

/* 1: the answer to a HEAD has no body whatever its length says. */
static int on_head_end(llhttp_t *p) { return reply_of(p)->no_body; }

static int on_body(llhttp_t *p, const char *at, size_t n) {
    struct reply *r = reply_of(p);
    buf_add(&r->body, (str){at, n});
    r->too_large = r->body.over;
    return r->body.over ? -1 : 0;
}

/* An informational answer is followed by the real one. */
static int on_complete(llhttp_t *p) {
    struct reply *r = reply_of(p);
    if (p->status_code / 100 == 1) {
        r->count = r->head.n = 0;
        r->in_value = false;
        return 0;
    }
    r->complete = true;
    return HPE_PAUSED;
}

bool client_answer_read(struct arena *a, const struct http_call *call, ssize_t (*read)(void *from, char *to, size_t n), void *from,
                        struct http_answer *answer, str *problem) {
    static const llhttp_settings_t settings = {.on_header_field = on_field, .on_header_value = on_value,
                                               .on_headers_complete = on_head_end, .on_body = on_body,
                                               .on_message_complete = on_complete};
    struct reply *r = NEW(a, struct reply);
    char piece[16384];
    size_t head_seen = 0;
    r->head = buf_new(a, HEAD_MAX);
    r->body = buf_new(a, call->answer_max ? call->answer_max : ANSWER_MAX);
    r->no_body = str_eq(call->method, S("HEAD"));
    llhttp_init(&r->parser, HTTP_RESPONSE, &settings);
    r->parser.data = r;
    while (!r->complete) {
        ssize_t n = read(from, piece, sizeof piece);
        if (n < 0) return false;
        if (!r->body.n) head_seen += (size_t)n; /* a status line or informational answers without end */
        llhttp_errno_t code = n ? llhttp_execute(&r->parser, piece, (size_t)n) : llhttp_finish(&r->parser);
        if (r->complete) break;
        if (code == HPE_OK && n && head_seen <= HEAD_MAX) continue;
        *problem = r->too_large ? S("the answer is too large") : n ? S("the answer is not HTTP") : S("the connection ended before the answer did");
        return false;
    }
    struct http_header *headers = NEW_ARRAY(a, struct http_header, r->count);
    for (size_t i = 0; i < r->count; i++)
        headers[i] = (struct http_header){{r->head.p + r->headers[i].name, r->headers[i].name_n},
                                          {r->head.p + r->headers[i].value, r->headers[i].value_n}};
    *answer = (struct http_answer){r->parser.status_code, headers, r->count, r->body.n ? buf_str(&r->body) : S("")};
    return true;
}
