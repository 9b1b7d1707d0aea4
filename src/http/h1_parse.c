#include "http/h1_parse.h"

#include <llhttp.h>

/* From line end to line end, which are few. */
size_t h1_head_end(str bytes, size_t *from) {
    size_t at = *from > 3 ? *from - 3 : 0;
    *from = bytes.n;
    for (size_t line; (line = str_find_char(str_skip(bytes, at), '\n')) != STR_NONE;) {
        at += line + 1;
        if (str_ends(str_take(bytes, at), S("\r\n\r\n"))) return at;
    }
    return 0;
}

/* ---- head: own checks of the lines, llhttp for tokens, then meaning ---- */

struct head_parse {
    llhttp_t parser;
    struct arena *arena;
    struct http_header *headers;
    size_t count, max;
    str url;
    str *open; /* the span that grows: llhttp may cut a value in two */
    bool too_many;
};

/* "METHOD target HTTP/d.d" with one space each: llhttp takes more, and RTSP. */
static bool request_line_is_clean(str line) {
    str method = str_cut(&line, ' ');
    str target = str_cut(&line, ' ');
    return method.n && target.n && line.p && str_starts(line, S("HTTP/"))
           && str_find_char(line, ' ') == STR_NONE;
}

/* Lines end with CRLF and nothing else, no NUL anywhere, no line is folded or without a name. */
static bool lines_are_clean(str head) {
    if (memchr(head.p, 0, head.n)) return false;
    bool first = true;
    str rest = head;
    while (rest.n) {
        size_t lf = str_find_char(rest, '\n');
        if (lf == STR_NONE || lf == 0 || rest.p[lf - 1] != '\r') return false;
        if (memchr(rest.p, '\r', lf - 1)) return false;
        if (first && !request_line_is_clean(str_take(rest, lf - 1))) return false;
        if (!first && (rest.p[0] == ' ' || rest.p[0] == '\t' || rest.p[0] == ':')) return false;
        first = false;
        rest = str_skip(rest, lf + 1);
    }
    return true;
}

static struct head_parse *parse_of(llhttp_t *parser) { return (struct head_parse *)parser; }

static void extend(struct head_parse *p, str *span, const char *at, size_t n) {
    if (p->open == span && span->p) {
        span->n = (size_t)(at + n - span->p);
    } else {
        *span = (str){at, n};
        p->open = span;
    }
}

static int on_url(llhttp_t *parser, const char *at, size_t n) {
    struct head_parse *p = parse_of(parser);
    extend(p, &p->url, at, n);
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t n) {
    struct head_parse *p = parse_of(parser);
    if (!p->count || p->open != &p->headers[p->count - 1].name) {
        if (p->count == p->max) {
            p->too_many = true;
            return HPE_USER;
        }
        p->headers[p->count++] = (struct http_header){0};
    }
    extend(p, &p->headers[p->count - 1].name, at, n);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t n) {
    struct head_parse *p = parse_of(parser);
    if (!p->count) return HPE_USER;
    extend(p, &p->headers[p->count - 1].value, at, n);
    return 0;
}

static int on_headers_complete(llhttp_t *parser) { return HPE_PAUSED; }

static const llhttp_settings_t head_settings = {.on_url = on_url,
                                                .on_header_field = on_field,
                                                .on_header_value = on_value,
                                                .on_headers_complete = on_headers_complete};

static int status_of(const struct head_parse *p, str head) {
    if (p->too_many) return 431;
    switch ((int)llhttp_get_errno(&p->parser)) {
    case HPE_INVALID_VERSION: return 505;
    case HPE_INVALID_METHOD: {
        str method = str_cut(&head, ' ');
        if (!method.n || method.n > 32) return 400;
        for (size_t i = 0; i < method.n; i++)
            if (method.p[i] < 'A' || method.p[i] > 'Z') return 400;
        return 501;
    }
    default: return 400;
    }
}

/* Does the comma-separated list hold the token? */
static bool list_has(str list, str token) {
    while (list.p)
        if (str_eq_nocase(str_trim(str_cut(&list, ',')), token)) return true;
    return false;
}

static bool host_is_clean(str host) {
    if (host.n > 261) return false; /* a name of 255 and a port */
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                  || memchr("-._~:[]%!$&'()*+,;=", c, 19);
        if (!ok) return false;
    }
    return true;
}

/* Splits the target into path and query; absolute-form is reduced to origin-form. */
static bool split_target(str url, struct http_request *r, str *authority) {
    str scheme = str_starts(url, S("/")) ? (str){0} : S("");
    if (scheme.p && url.n >= 8) {
        if (str_eq_nocase(str_take(url, 7), S("http://"))) scheme = str_take(url, 7);
        else if (str_eq_nocase(str_take(url, 8), S("https://"))) scheme = str_take(url, 8);
    }
    if (scheme.n) {
        str rest = str_skip(url, scheme.n);
        size_t n = 0;
        while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') n++;
        *authority = str_take(rest, n);
        if (!n || str_find_char(*authority, '@') != STR_NONE) return false;
        url = str_skip(rest, n);
        if (!url.n) url = S("/");
        if (url.p[0] == '?') return false; /* no path to cut out without a copy; nobody sends it */
    } else if (scheme.p && !(str_eq(url, S("*")) && str_eq(r->method, S("OPTIONS")))) {
        return false;
    }
    if (str_find_char(url, '#') != STR_NONE) return false;
    r->target = url;
    str rest = url;
    r->path = str_cut(&rest, '?');
    r->query = rest;
    return true;
}

static bool is_websocket(const struct http_request *r, const struct h1_head *h, str connection) {
    str key = http_header_get(r, S("sec-websocket-key"));
    return str_eq(r->method, S("GET")) && !h->http10 && list_has(connection, S("upgrade"))
           && list_has(http_header_get(r, S("upgrade")), S("websocket")) && key.n == 24
           && str_ends(key, S("=="))
           && str_eq(http_header_get(r, S("sec-websocket-version")), S("13"));
}

/* What the headers mean for the room. llhttp has already refused a second Content-Length, one beside
 * Transfer-Encoding, and garbage in its value. */
static int interpret(struct head_parse *p, struct http_request *r, struct h1_head *h) {
    size_t hosts = 0, lengths = 0;
    str connection = {0}, expect = {0}, length = {0}, coding = {0};
    for (size_t i = 0; i < p->count; i++) {
        struct http_header *header = &p->headers[i];
        header->value = header->value.p ? str_trim(header->value) : S("");
        switch (header->name.n) { /* most names are told apart by their length */
        case 4:
            if (str_eq_nocase(header->name, S("host"))) r->host = header->value, hosts++;
            break;
        case 6:
            if (str_eq_nocase(header->name, S("expect"))) expect = header->value;
            break;
        case 10:
            if (str_eq_nocase(header->name, S("connection"))) {
                connection = connection.p ? arena_concat(p->arena, arena_concat(p->arena, connection, S(",")),
                                                         header->value)
                                          : header->value;
            }
            break;
        case 14:
            if (str_eq_nocase(header->name, S("content-length"))) length = header->value, lengths++;
            break;
        case 17:
            if (str_eq_nocase(header->name, S("transfer-encoding"))) {
                if (coding.p) return 400;
                coding = header->value;
            }
            break;
        default: break;
        }
    }
    if (hosts > 1 || (!hosts && !h->http10) || !host_is_clean(r->host)) return 400;
    if (lengths > 1 || (lengths && coding.p) || (coding.p && h->http10)) return 400;
    if (coding.p && !str_eq_nocase(coding, S("chunked"))) return 501;
    h->chunked = coding.p != NULL;
    u64 n = 0;
    if (lengths && (!str_to_u64(length, &n) || n > INT64_MAX)) return 400;
    r->body_length = h->chunked ? -1 : (i64)n;
    h->keep_alive = h->http10 ? list_has(connection, S("keep-alive")) : !list_has(connection, S("close"));
    /* Another expectation is none to us, as to S3 (RFC 9110, 10.1.1, allows both). Also before an empty body, as S3 does: botocore waits for it, and after a final answer in its place
     * it misreads the next answer on the connection. */
    r->expects_continue = str_eq_nocase(expect, S("100-continue")) && !h->http10;
    if (is_websocket(r, h, connection) && r->body_length == 0) {
        r->upgrade_websocket = true;
        h->websocket_key = http_header_get(r, S("sec-websocket-key"));
    }
    return 0;
}

int h1_parse_head(str head, const struct http_limits *limits, struct arena *a, struct http_request *r,
                  struct h1_head *h) {
    if (!lines_are_clean(head)) return 400;
    struct head_parse p = {.arena = a, .max = limits->header_count};
    size_t lines = 0;
    for (str rest = head; rest.n; rest = str_skip(rest, str_find_char(rest, '\n') + 1)) lines++;
    p.headers = NEW_ARRAY(a, struct http_header, MIN(lines, limits->header_count));
    llhttp_init(&p.parser, HTTP_REQUEST, &head_settings);
    llhttp_errno_t result = llhttp_execute(&p.parser, head.p, head.n);
    if (result != HPE_PAUSED) return status_of(&p, head);
    if (p.parser.http_major != 1 || p.parser.http_minor > 1) return 505;
    h->http10 = p.parser.http_minor == 0;
    str line = head;
    r->method = str_cut(&line, ' ');
    if (p.parser.method > HTTP_SOURCE || p.parser.method == HTTP_CONNECT) return 501;
    r->headers = p.headers;
    r->header_count = p.count;
    str authority = {0};
    if (!split_target(p.url, r, &authority)) return 400;
    int status = interpret(&p, r, h);
    if (status) return status;
    if (authority.p) {
        if (!host_is_clean(authority)) return 400;
        r->host = authority; /* RFC 9112 3.2.2: the target's authority wins over Host */
    }
    return 0;
}

/* ---- body ---- */

enum { EXTENSION_MAX = 256, TRAILER_MAX = 8192 };
enum {
    IDENTITY,
    SIZE,         /* digits of a chunk's size */
    EXTENSION,    /* from ';' to CR */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,      /* at the start of a trailer's line */
    TRAILER_LINE,
    TRAILER_LF,
    END_LF,
    END,
    BAD
};

void h1_body_start(struct h1_body *b, bool chunked, u64 length) {
    *b = (struct h1_body){.left = chunked ? 0 : length, .state = chunked ? SIZE : length ? IDENTITY : END};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static u8 after_size(struct h1_body *b, char c) {
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (++b->digits > 15) return BAD;
        b->left = b->left << 4 | (u64)digit;
        return SIZE;
    }
    if (!b->digits) return BAD;
    return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION : BAD;
}

static bool is_control(char c) { return ((u8)c < 0x20 && c != '\t') || c == 0x7f; }

/* The state behind a framing byte. */
static u8 after_byte(struct h1_body *b, char c) {
    switch (b->state) {
    case SIZE: return after_size(b, c);
    case EXTENSION:
        if (c == '\r') return SIZE_LF;
        return is_control(c) || ++b->line > EXTENSION_MAX ? BAD : EXTENSION;
    case SIZE_LF:
        b->line = b->digits = 0;
        return c != '\n' ? BAD : b->left ? DATA : TRAILER;
    case DATA_CR: return c == '\r' ? DATA_LF : BAD;
    case DATA_LF: return c == '\n' ? SIZE : BAD;
    case TRAILER:
        if (c == '\r') return END_LF;
       /* a folded line is refused, else it is a line as any */
        if (c == ' ' || c == '\t' || c == ':' || is_control(c)) return BAD;
        return ++b->trailer > TRAILER_MAX ? BAD : TRAILER_LINE;
    case TRAILER_LINE:
        if (c == '\r') return TRAILER_LF;
        return is_control(c) || ++b->trailer > TRAILER_MAX ? BAD : TRAILER_LINE;
    case TRAILER_LF: return c == '\n' ? TRAILER : BAD;
    case END_LF: return c == '\n' ? END : BAD;
    default: return BAD;
    }
}

enum h1_body_step h1_body_next(struct h1_body *b, str *in, str *bytes) {
    while (b->state != END && b->state != BAD) {
        if (!in->n) return H1_BODY_MORE;
        if (b->state == IDENTITY || b->state == DATA) {
            *bytes = str_take(*in, (size_t)MIN(b->left, (u64)in->n));
            *in = str_skip(*in, bytes->n);
            b->left -= bytes->n;
            if (!b->left) b->state = b->state == DATA ? DATA_CR : END;
            return H1_BODY_BYTES;
        }
        b->state = after_byte(b, in->p[0]);
        *in = str_skip(*in, 1);
    }
    return b->state == END ? H1_BODY_END : H1_BODY_BAD;
}
