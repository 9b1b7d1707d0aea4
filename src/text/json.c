#include "text/json.h"

#include "base/encode.h"

const struct json_limits json_default_limits = {.bytes = 64 << 20, .depth = 128};

static bool broken(struct json_reader *r, const char *problem) {
    if (!r->problem) r->problem = problem;
    return false;
}

struct json_reader json_reader_new(struct arena *a, str bytes, struct json_limits limits) {
    struct json_reader r = {.arena = a, .start = bytes.p, .p = bytes.p, .depth_max = limits.depth};
    r.end = bytes.n ? bytes.p + bytes.n : bytes.p;
    if (bytes.n > limits.bytes) broken(&r, "the text is too long");
    else if (!utf8_valid(bytes)) broken(&r, "the text is not UTF-8");
    return r;
}

size_t json_offset(const struct json_reader *r) { return (size_t)(r->p - r->start); }

static void skip_space(struct json_reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t')) r->p++;
}

enum json_type json_peek(struct json_reader *r) {
    skip_space(r);
    if (r->problem || r->p == r->end) return JSON_BROKEN;
    switch (*r->p) {
    case '{': return JSON_OBJECT;
    case '[': return JSON_ARRAY;
    case '"': return JSON_STRING;
    case 't':
    case 'f': return JSON_BOOLEAN;
    case 'n': return JSON_NULL;
    case '-': return JSON_NUMBER;
    default: return *r->p >= '0' && *r->p <= '9' ? JSON_NUMBER : JSON_BROKEN;
    }
}

/* Takes one given byte, after white space. */
static bool take(struct json_reader *r, char c) {
    skip_space(r);
    if (r->problem || r->p == r->end || *r->p != c) return false;
    r->p++;
    return true;
}

/* ---- arrays and objects ---- */

static bool open(struct json_reader *r, char bracket, const char *problem) {
    if (!take(r, bracket)) return broken(r, problem);
    if (r->depth == r->depth_max) return broken(r, "the text is nested too deeply");
    r->depth++;
    r->opened = true;
    return true;
}

/* True if another element follows; at the closing bracket, leaves. */
static bool next_element(struct json_reader *r, char bracket) {
    bool opened = r->opened;
    r->opened = false;
    if (take(r, bracket)) {
        r->depth--;
        return false;
    }
    return opened ? !r->problem : take(r, ',') || broken(r, "expected a comma or a closing bracket");
}

bool json_read_object(struct json_reader *r) { return open(r, '{', "expected an object"); }
bool json_read_array(struct json_reader *r) { return open(r, '[', "expected an array"); }
bool json_read_item(struct json_reader *r) { return next_element(r, ']'); }

bool json_read_key(struct json_reader *r, str *key) {
    if (!next_element(r, '}')) return false;
    if (json_peek(r) != JSON_STRING) return broken(r, "expected a key");
    return json_read_string(r, key) && (take(r, ':') || broken(r, "expected a colon"));
}

/* ---- scalars ---- */

static bool take_word(struct json_reader *r, str word) {
    if (!str_starts((str){r->p, (size_t)(r->end - r->p)}, word)) return false;
    r->p += word.n;
    return true;
}

bool json_read_null(struct json_reader *r) {
    return json_peek(r) == JSON_NULL && take_word(r, S("null")) ? true : broken(r, "expected null");
}

bool json_read_boolean(struct json_reader *r, bool *value) {
    if (json_peek(r) != JSON_BOOLEAN) return broken(r, "expected a boolean");
    *value = *r->p == 't';
    return take_word(r, *value ? S("true") : S("false")) || broken(r, "expected a boolean");
}

static bool take_digits(struct json_reader *r) {
    const char *first = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9') r->p++;
    return r->p > first;
}

bool json_read_number(struct json_reader *r, str *text) {
    if (json_peek(r) != JSON_NUMBER) return broken(r, "expected a number");
    const char *first = r->p;
    if (*r->p == '-') r->p++;
    const char *digits = r->p;
    if (!take_digits(r)) return broken(r, "a number without digits");
    if (*digits == '0' && r->p - digits > 1) return broken(r, "a number with a leading zero");
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if (!take_digits(r)) return broken(r, "a number ends with its point");
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-')) r->p++;
        if (!take_digits(r)) return broken(r, "an exponent without digits");
    }
    *text = (str){first, (size_t)(r->p - first)};
    return true;
}

/* ---- strings ---- */

/* What stands in a string as it is, and is a code point by itself: the printable ASCII but for quote and backslash. */
static bool is_plain(char c) { return (signed char)c >= 0x20 && c != '"' && c != '\\'; }

/* Sixteen bytes at once; those of longer code points are negative and not plain. */
static bool sixteen_plain(const char *p) {
    typedef signed char sixteen __attribute__((vector_size(16)));
    sixteen bytes;
    u64 other[2];
    memcpy(&bytes, p, sizeof bytes);
    bytes = (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
    memcpy(other, &bytes, sizeof other);
    return !(other[0] | other[1]);
}

static const char *find_special(const char *p, const char *end) {
    for (;;) {
        while (end - p >= 16 && sixteen_plain(p)) p += 16;
        while (p < end && is_plain(*p)) p++;
        if (p == end || !((u8)*p & 0x80)) return p;
        while (p < end && ((u8)*p & 0x80)) p++;
    }
}

static bool take_hex4(const char **p, const char *end, u32 *unit) {
    u8 bytes[2];
    if (end - *p < 4 || !hex_decode((str){*p, 4}, bytes)) return false;
    *unit = (u32)bytes[0] << 8 | bytes[1];
    *p += 4;
    return true;
}

/* Behind "\u": one code point, of two units if it is beyond U+FFFF. */
static bool take_unicode(const char **p, const char *end, u32 *code_point) {
    u32 unit, low;
    if (!take_hex4(p, end, &unit)) return false;
    *code_point = unit;
    if (unit < 0xd800 || unit > 0xdfff) return true;
    if (unit > 0xdbff || end - *p < 2 || (*p)[0] != '\\' || (*p)[1] != 'u') return false;
    *p += 2;
    if (!take_hex4(p, end, &low) || low < 0xdc00 || low > 0xdfff) return false;
    *code_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* `raw` is what stands between the quotes. What is escaped is never longer than its escape. */
static bool unescape(struct json_reader *r, str raw, str *value) {
    struct buf b = buf_new(r->arena, raw.n);
    if (!buf_reserve(&b, raw.n)) return broken(r, "the text is too long");
    const char *p = raw.p, *end = raw.p + raw.n;
    while (p < end) {
        const char *backslash = memchr(p, '\\', (size_t)(end - p));
        const char *plain_end = backslash ? backslash : end;
        buf_add(&b, (str){p, (size_t)(plain_end - p)});
        if (!backslash) break;
        p = backslash + 2;
        u32 c = (u8)backslash[1];
        switch (c) {
        case '"':
        case '\\':
        case '/': break;
        case 'b': c = '\b'; break;
        case 'f': c = '\f'; break;
        case 'n': c = '\n'; break;
        case 'r': c = '\r'; break;
        case 't': c = '\t'; break;
        case 'u':
            if (take_unicode(&p, end, &c)) break;
            return broken(r, "a broken \\u escape");
        default: return broken(r, "an unknown escape");
        }
        buf_utf8(&b, c);
    }
    *value = buf_str(&b);
    return true;
}

bool json_read_string(struct json_reader *r, str *value) {
    if (json_peek(r) != JSON_STRING) return broken(r, "expected a string");
    const char *first = r->p + 1, *p = first;
    bool escaped = false;
    for (;;) {
        p = find_special(p, r->end);
        if (p == r->end) return broken(r, "a string without end");
        if (*p == '"') break;
        if (*p != '\\') return broken(r, "a control character in a string");
        escaped = true;
        if (r->end - p < 2) return broken(r, "a string without end");
        p += 2;
    }
    str raw = {first, (size_t)(p - first)};
    r->p = p + 1;
    if (escaped) return unescape(r, raw, value);
    *value = raw;
    return true;
}

/* ---- whole values ---- */

void json_skip(struct json_reader *r) {
    str ignored;
    bool flag;
    bool ok = false;
    /* Recursion ends at depth_max, where json_read_object and json_read_array refuse. */
    switch (json_peek(r)) {
    case JSON_NULL: ok = json_read_null(r); break;
    case JSON_BOOLEAN: ok = json_read_boolean(r, &flag); break;
    case JSON_NUMBER: ok = json_read_number(r, &ignored); break;
    case JSON_STRING: ok = json_read_string(r, &ignored); break;
    case JSON_OBJECT:
        ok = json_read_object(r);
        while (ok && json_read_key(r, &ignored)) json_skip(r);
        break;
    case JSON_ARRAY:
        ok = json_read_array(r);
        while (ok && json_read_item(r)) json_skip(r);
        break;
    case JSON_BROKEN: break;
    }
    if (!ok) broken(r, "expected a value");
}

bool json_read_raw(struct json_reader *r, str *text) {
    skip_space(r);
    const char *first = r->p;
    /* What was unescaped on the way is not needed. */
    struct arena_mark mark = arena_mark(r->arena);
    json_skip(r);
    arena_rewind(r->arena, mark);
    if (r->problem) return false;
    *text = (str){first, (size_t)(r->p - first)};
    return true;
}

bool json_done(struct json_reader *r) {
    skip_space(r);
    if (r->depth) broken(r, "an array or object is still open");
    if (r->p != r->end || r->p == r->start) broken(r, "expected one value and nothing behind it");
    return !r->problem;
}

/* ---- writing ---- */

/* Whether a comma is due shows in the last byte: after an opening bracket or a colon none is. No
 * finished value ends with one of those, since strings end with their quote. */
void json_write_comma(struct buf *b) {
    if (!b->n) return;
    char last = b->p[b->n - 1];
    if (last != '{' && last != '[' && last != ':') buf_char(b, ',');
}

static void write_opening(struct buf *b, char bracket) {
    json_write_comma(b);
    buf_char(b, bracket);
}

void json_write_object(struct buf *b) { write_opening(b, '{'); }
void json_write_array(struct buf *b) { write_opening(b, '['); }
void json_write_object_end(struct buf *b) { buf_char(b, '}'); }
void json_write_array_end(struct buf *b) { buf_char(b, ']'); }

static void write_escaped(struct buf *b, char c) {
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"': buf_add(b, S("\\\"")); return;
    case '\\': buf_add(b, S("\\\\")); return;
    case '\b': buf_add(b, S("\\b")); return;
    case '\f': buf_add(b, S("\\f")); return;
    case '\n': buf_add(b, S("\\n")); return;
    case '\r': buf_add(b, S("\\r")); return;
    case '\t': buf_add(b, S("\\t")); return;
    default: buf_add(b, (str){(char[]){'\\', 'u', '0', '0', digits[(u8)c >> 4], digits[c & 15]}, 6});
    }
}

/* The first `n` bytes hold nothing to escape, but perhaps bytes that are no UTF-8. */
static void write_plain(struct buf *b, str plain) {
    if (utf8_valid(plain)) {
        buf_add(b, plain);
        return;
    }
    u32 c;
    while (plain.n) {
        str before = plain;
        if (utf8_next(&plain, &c)) {
            buf_add(b, str_take(before, before.n - plain.n));
        } else {
            buf_add(b, S("\xef\xbf\xbd"));
            plain = str_skip(before, 1);
        }
    }
}

static void write_slowly(struct buf *b, str value) {
    const char *p = value.p, *end = value.p + value.n;
    while (p < end) {
        const char *special = find_special(p, end);
        write_plain(b, (str){p, (size_t)(special - p)});
        if (special == end) break;
        write_escaped(b, *special);
        p = special + 1;
    }
}

/* As far as it is plain, which most strings are to their end. */
static size_t copy_plain(char *to, str from) {
    size_t n = 0;
    for (; from.n - n >= 16 && sixteen_plain(from.p + n); n += 16) memcpy(to + n, from.p + n, 16);
    for (; n < from.n && is_plain(from.p[n]); n++) to[n] = from.p[n];
    return n;
}

void json_write_string(struct buf *b, str value) {
    json_write_comma(b);
    char *at = buf_reserve(b, value.n + 2);
    if (!at) return;
    at[0] = '"';
    size_t plain = copy_plain(at + 1, value);
    b->n += 1 + plain;
    if (plain < value.n) write_slowly(b, str_skip(value, plain));
    buf_char(b, '"');
}

void json_write_key(struct buf *b, str key) {
    json_write_string(b, key);
    buf_char(b, ':');
}

void json_write_member(struct buf *b, str key, str value) {
    json_write_key(b, key);
    json_write_string(b, value);
}

void json_write_i64(struct buf *b, i64 value) {
    json_write_comma(b);
    buf_i64(b, value);
}

void json_write_f64(struct buf *b, double value) {
    json_write_comma(b);
    bool finite = value - value == 0;
    if (!finite) buf_char(b, '"');
    buf_f64(b, value);
    if (!finite) buf_char(b, '"');
}

void json_write_raw(struct buf *b, str text) {
    json_write_comma(b);
    buf_add(b, text);
}

void json_write_boolean(struct buf *b, bool value) { json_write_raw(b, value ? S("true") : S("false")); }
void json_write_null(struct buf *b) { json_write_raw(b, S("null")); }
