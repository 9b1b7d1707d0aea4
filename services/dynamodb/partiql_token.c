#include "services/dynamodb/partiql_token.h"

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static char char_at(str text, u32 at) { return at < text.n ? text.p[at] : 0; }

/* Behind space, "-- to the end of the line" and slash-star comments; STR_NONE: one of these does not end. */
static size_t skip_blank(str text, u32 at) {
    for (;;) {
        while (is_space(char_at(text, at))) at++;
        char c = char_at(text, at), following = char_at(text, at + 1);
        if (c == '-' && following == '-') {
            while (at < text.n && text.p[at] != '\n') at++;
        } else if (c == '/' && following == '*') {
            size_t end = str_find(str_skip(text, at + 2), S("*/"));
            if (end == STR_NONE) return STR_NONE;
            at += (u32)end + 4;
        } else {
            return at;
        }
    }
}

/* From the opening quote to behind the closing one; a doubled quote is one. */
static struct token_ql quoted(struct arena *a, str text, u32 start) {
    char quote = text.p[start];
    bool doubled = false;
    u32 at = start + 1;
    for (; at < text.n; at++) {
        if (text.p[at] != quote) continue;
        if (char_at(text, at + 1) != quote) break;
        doubled = true;
        at++;
    }
    struct token_ql t = {quote == '"' ? NAME : STRING, 0, str_take(str_skip(text, start + 1), at - start - 1), start, at + 1};
    if (at >= text.n) return (struct token_ql){STRAY, 0, str_skip(text, start), start, (u32)text.n};
    if (!t.text.p || !t.text.n) t.text = S("");
    if (!doubled) return t;
    struct buf b = buf_new(a, t.text.n);
    for (size_t i = 0; i < t.text.n; i++) {
        buf_char(&b, t.text.p[i]);
        i += t.text.p[i] == quote;
    }
    t.text = buf_str(&b);
    return t;
}

static bool fits_int(i64 n) { return n >= INT32_MIN && n <= INT32_MAX; }

/* AWS reads a literal as Java's BigDecimal: its exponent and its scale are 32-bit integers. */
static bool is_readable(str text) {
    size_t e = 0, point;
    while (e < text.n && text.p[e] != 'e' && text.p[e] != 'E') e++;
    str mantissa = str_take(text, e), digits = str_skip(text, MIN(e + 1, text.n));
    bool negative = digits.n && digits.p[0] == '-';
    u64 exponent = 0;
    if (digits.n && (digits.p[0] == '-' || digits.p[0] == '+')) digits = str_skip(digits, 1);
    if (digits.n && !str_to_u64(digits, &exponent)) return false;
    if (exponent > (u64)INT32_MAX + 1) return false;
    i64 signed_ = negative ? -(i64)exponent : (i64)exponent;
    point = str_find_char(mantissa, '.');
    return fits_int(signed_) && fits_int((point == STR_NONE ? 0 : (i64)(mantissa.n - point - 1)) - signed_);
}

static struct token_ql number(str text, u32 start) {
    u32 at = start;
    while (is_digit(char_at(text, at)) || (char_at(text, at) == '.' && is_digit(char_at(text, at + 1)))) at++;
    u32 e = at;
    if (char_at(text, e) == 'e' || char_at(text, e) == 'E') {
        e++;
        e += char_at(text, e) == '-' || char_at(text, e) == '+';
        if (!is_digit(char_at(text, e))) return (struct token_ql){STRAY, 0, str_skip(text, start), start, e};
        while (is_digit(char_at(text, e))) e++;
        at = e;
    }
    str digits = str_take(str_skip(text, start), at - start);
    return (struct token_ql){is_readable(digits) ? NUMBER : STRAY, 0, digits, start, at};
}

struct token_ql ql_token(struct arena *a, str text, u32 from) {
    size_t found = skip_blank(text, from);
    if (found == STR_NONE) return (struct token_ql){STRAY, 0, str_skip(text, from), from, (u32)text.n};
    u32 at = (u32)found;
    if (at >= text.n) return (struct token_ql){END, 0, S(""), at, at};
    char c = text.p[at], following = char_at(text, at + 1);
    u32 end = at;
    if (c == '"' || c == '\'') return quoted(a, text, at);
    if (is_digit(c) || (c == '.' && is_digit(following))) return number(text, at);
    if (is_letter(c)) {
        while (is_letter(char_at(text, end)) || is_digit(char_at(text, end))) end++;
        return (struct token_ql){WORD, 0, str_take(str_skip(text, at), end - at), at, end};
    }
    bool two = (c == '<' && (following == '=' || following == '>' || following == '<')) || (c == '>' && (following == '=' || following == '>'))
            || (c == '!' && following == '=') || (c == '|' && following == '|');
    end = at + (two ? 2 : 1);
    u8 kind = two || (c && strchr("()[]{},.:=<>+-*/%@?;", c)) ? SIGN : STRAY;
    return (struct token_ql){kind, (u16)((u8)c | (two ? (u16)((u8)following << 8) : 0)), str_take(str_skip(text, at), end - at), at, end};
}

str ql_position(struct arena *a, str text, const struct token_ql *token) {
    u32 line = 1, column = 1, length = 0;
    for (u32 i = 0; i < token->end; i++) {
        if (((u8)text.p[i] & 0xc0) == 0x80) continue; /* inside a character */
        if (i >= token->start) length++;
        else if (text.p[i] == '\n') line++, column = 1;
        else column++;
    }
    return arena_format(a, "%u:%u:%u", line, column, length);
}
