#include "http/client_answer.h"

#include "http/line.h"
#include "sys/sys.h"

enum { TIMEOUT_MS = 30000 };

/* ---- addresses ---- */

static bool plain_byte(char c) { return (u8)c > ' ' && (u8)c < 0x7f && c != '#' && c != '@'; }

static bool host_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* "[::1]:80", "name:80", "name" */
static bool authority_parse(str authority, struct http_url *u) {
    str rest = authority, port = {0};
    if (str_starts(rest, S("["))) {
        size_t end = str_find_char(rest, ']');
        if (end == STR_NONE) return false;
        u->host = str_take(str_skip(rest, 1), end - 1);
        rest = str_skip(rest, end + 1);
        if (rest.n && rest.p[0] != ':') return false;
        if (rest.n) port = str_skip(rest, 1);
    } else {
        u->host = str_cut(&rest, ':');
        port = rest;
        for (size_t i = 0; i < u->host.n; i++)
            if (!host_byte(u->host.p[i])) return false;
    }
    u64 number = u->tls ? 443 : 80;
    if (port.p && !str_to_u64(port, &number)) return false;
    u->port = (int)number;
    return u->host.n && u->host.n < 256 && number > 0 && number < 65536;
}

bool http_url_parse(str url, struct http_url *u) {
    *u = (struct http_url){0};
    for (size_t i = 0; i < url.n; i++)
        if (!plain_byte(url.p[i])) return false;
    if (str_starts(url, S("https://"))) u->tls = true;
    else if (!str_starts(url, S("http://"))) return false;
    str rest = str_skip(url, u->tls ? 8 : 7);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?') end++;
    u->authority = str_take(rest, end);
    rest = str_skip(rest, end);
    str path = str_cut(&rest, '?');
    u->path = path.n ? path : S("/");
    u->query = rest;
    return authority_parse(u->authority, u);
}

/* ---- the call ---- */

static bool write_request(struct line *l, const struct http_call *call) {
    struct buf b = buf_new(l->arena, 256 << 10);
    const struct http_url *u = &call->url;
    buf_format(&b, "%.*s %.*s%s%.*s HTTP/1.1\r\nHost: %.*s\r\n", STR_ARGS(call->method), STR_ARGS(u->path),
               u->query.p ? "?" : "", STR_ARGS(u->query), STR_ARGS(u->authority));
    for (size_t i = 0; i < call->header_count; i++)
        buf_format(&b, "%.*s: %.*s\r\n", STR_ARGS(call->headers[i].name), STR_ARGS(call->headers[i].value));
    buf_format(&b, "Content-Length: %zu\r\nConnection: close\r\n\r\n", call->body.n);
    if (b.over) {
        *l->problem = S("the request's headers are too large");
        return false;
    }
    return line_write(l, buf_str(&b)) && line_write(l, call->body);
}

enum http_outcome http_call(struct arena *a, const struct http_call *call, struct http_answer *answer, str *problem) {
    i64 timeout_ms = call->timeout_ms ? call->timeout_ms : TIMEOUT_MS;
    struct line l = {.fd = -1, .arena = a, .problem = problem, .deadline_us = sys_monotonic_us() + timeout_ms * 1000};
    enum http_outcome outcome = HTTP_UNREACHABLE;
    if (line_open(&l, call->url.host, call->url.port) && (!call->url.tls || line_secure(&l, call->url.host, call->ca_path, call->thumbprints)))
        /* An error while sending may hide an answer that came early (413): reading decides. */
        outcome = (write_request(&l, call), client_answer_read(a, call, line_read, &l, answer, problem)) ? HTTP_ANSWERED : HTTP_FAILED;
    line_close(&l);
    return outcome;
}
