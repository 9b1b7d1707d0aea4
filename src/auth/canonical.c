#include "auth/canonical.h"

#include "base/encode.h"

#include <stdlib.h>

str header_find(const struct auth_request *r, str name) {
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(r->headers[i].name, name)) return r->headers[i].value;
    if (str_eq(name, S("host"))) return header_find(r, S(":authority"));
    return (str){0};
}

bool is_signed(str signed_headers, str name) {
    while (signed_headers.p)
        if (str_eq_nocase(str_cut(&signed_headers, ';'), name)) return true;
    return false;
}

bool is_s3_service(str service) { return str_starts(service, S("s3")); }

/* ---- path ---- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
        || c == '_' || c == '.' || c == '~';
}

/* Encodes once, whatever mixture of raw and escaped the client sent: an escape stays one, in upper
 * case, unless it hides an unreserved character. At most three times as long. */
static size_t encode_once(str s, bool query, char *out) {
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool escaped = false;
        if (c == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 && hex_digit(s.p[i + 2]) >= 0) {
            c = (char)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
            i += 2;
            escaped = true;
        } else if (c == '+' && query) {
            c = ' ';
        }
        if (is_unreserved(c) || (c == '/' && !escaped && !query)) {
            out[n++] = c;
        } else {
            out[n++] = '%';
            out[n++] = digits[(u8)c >> 4];
            out[n++] = digits[(u8)c & 15];
        }
    }
    return n;
}

/* "/a//./b/../c/" becomes "/a/c/". Never longer. */
static str remove_dots(str path, struct arena *a) {
    if (path.n == 0) return S("/");
    char *out = arena_alloc(a, path.n + 1, 1);
    size_t n = 0;
    bool slash_at_end = path.p[path.n - 1] == '/';
    for (str rest = path; rest.p;) {
        str part = str_cut(&rest, '/');
        if (part.n == 0 || str_eq(part, S("."))) continue;
        if (str_eq(part, S(".."))) {
            while (n > 0 && out[--n] != '/') {}
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    if (n == 0 || slash_at_end) out[n++] = '/';
    return (str){out, n};
}

void add_canonical_path(struct buf *b, str path, bool s3, struct arena *a) {
    if (!s3) {
        buf_percent(b, remove_dots(path, a), true);
        return;
    }
    char *out = buf_reserve(b, 3 * path.n + 1);
    if (!out) return;
    if (path.n == 0) *out = '/', b->n++;
    else b->n += encode_once(path, false, out);
}

/* ---- query ---- */

struct parameter {
    str name, value; /* encoded */
};

static int parameter_order(const void *x, const void *y) {
    const struct parameter *a = x, *b = y;
    int by_name = str_cmp(a->name, b->name);
    return by_name ? by_name : str_cmp(a->value, b->value);
}

static void sort_parameters(struct parameter *v, size_t n) {
    if (n > 32) {
        qsort(v, n, sizeof *v, parameter_order);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct parameter one = v[i];
        size_t at = i;
        for (; at > 0 && parameter_order(&one, &v[at - 1]) < 0; at--) v[at] = v[at - 1];
        v[at] = one;
    }
}

void add_canonical_query(struct buf *b, str query, bool presigned, bool without_token) {
    if (query.n == 0) return;
    size_t most = 1;
    for (size_t i = 0; i < query.n; i++) most += query.p[i] == '&';
    struct parameter *v = NEW_ARRAY(b->arena, struct parameter, most);
    char *text = arena_alloc(b->arena, 3 * query.n + 1, 1);
    size_t n = 0;
    while (query.p) {
        str value = str_cut(&query, '&');
        if (value.n == 0) continue;
        str name = str_cut(&value, '=');
        if (presigned && str_eq(name, S("X-Amz-Signature"))) continue;
        if (without_token && str_eq(name, S("X-Amz-Security-Token"))) continue;
        v[n].name = (str){text, encode_once(name, true, text)};
        text += v[n].name.n;
        v[n].value = (str){text, value.n ? encode_once(value, true, text) : 0};
        text += v[n].value.n;
        n++;
    }
    sort_parameters(v, n);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) buf_char(b, '&');
        buf_add(b, v[i].name);
        buf_char(b, '=');
        buf_add(b, v[i].value);
    }
}

/* ---- headers ---- */

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void add_collapsed(struct buf *b, str value) {
    char *out = buf_reserve(b, value.n);
    if (!out) return;
    size_t n = 0;
    bool gap = false;
    for (size_t i = 0; i < value.n; i++) {
        if (is_space(value.p[i])) {
            gap = n > 0;
            continue;
        }
        if (gap) out[n++] = ' ';
        gap = false;
        out[n++] = value.p[i];
    }
    b->n += n;
}

static void add_header(struct buf *b, const struct auth_request *r, str name) {
    for (size_t i = 0; i < name.n; i++)
        buf_char(b, name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i]);
    buf_char(b, ':');
    bool found = false;
    for (size_t i = 0; i < r->header_count; i++) {
        if (!str_eq_nocase(r->headers[i].name, name)) continue;
        if (found) buf_char(b, ',');
        found = true;
        add_collapsed(b, r->headers[i].value);
    }
    if (!found && str_eq(name, S("host"))) add_collapsed(b, header_find(r, name));
    buf_char(b, '\n');
}

static str canonical_request(const struct auth_request *r, const struct auth_claim *c, bool s3,
                             bool without_token, str payload_hash, struct arena *a) {
    struct buf b = buf_new(a, CANONICAL_MAX);
    buf_reserve(&b, 1024 + r->path.n + r->query.n);
    buf_add(&b, r->method);
    buf_char(&b, '\n');
    add_canonical_path(&b, r->path, s3, a);
    buf_char(&b, '\n');
    add_canonical_query(&b, r->query, c->expires_s >= 0, without_token);
    buf_char(&b, '\n');
    for (str rest = c->signed_headers; rest.p;) {
        str name = str_cut(&rest, ';');
        if (name.n) add_header(&b, r, name);
    }
    buf_char(&b, '\n');
    buf_add(&b, c->signed_headers);
    buf_char(&b, '\n');
    buf_add(&b, payload_hash);
    return b.over ? (str){0} : buf_str(&b);
}

str sigv4_canonical_request(const struct auth_request *r, const struct auth_claim *c, bool s3,
                            str payload_hash, struct arena *a) {
    return canonical_request(r, c, s3, false, payload_hash, a);
}

str sigv4_canonical_request_without_token(const struct auth_request *r, const struct auth_claim *c,
                                          bool s3, str payload_hash, struct arena *a) {
    return canonical_request(r, c, s3, true, payload_hash, a);
}
