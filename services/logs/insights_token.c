/* The words of a query. */
#include "insights_plan.h"

static bool is_letter(char c) { return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '@' || c == '$'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
static char at(const struct insights_parser *p, size_t i) { return i < p->text.n ? p->text.p[i] : 0; }

void *insights_wrong(struct insights_parser *p, size_t start, size_t end, const char *format, ...) {
    if (p->wrong) return NULL;
    va_list args;
    va_start(args, format);
    *p->problem = (struct insights_problem){arena_vformat(p->arena, format, args), start, end};
    va_end(args);
    p->wrong = true;
    return NULL;
}

void *insights_unexpected(struct insights_parser *p) {
    struct insights_token t = insights_peek(p);
    size_t line = 1, column = 0;
    for (size_t i = 0; i < t.start; i++) {
        column = p->text.p[i] == '\n' ? 0 : column + 1;
        line += p->text.p[i] == '\n';
    }
    if (t.kind == TOKEN_END) return insights_wrong(p, t.start, t.end, "unexpected end of query at line %zu and position %zu", line, column);
    return insights_wrong(p, t.start, t.end, "unexpected symbol found %.*s at line %zu and position %zu", STR_ARGS(str_take(str_skip(p->text, t.start), t.end - t.start)),
                          line, column);
}

static size_t skip_blanks(const struct insights_parser *p) {
    size_t i = p->at;
    for (;;) {
        while (is_blank(at(p, i))) i++;
        if (at(p, i) != '#') return i;
        while (i < p->text.n && p->text.p[i] != '\n') i++;
    }
}

/* a.b, @c, `d-e`.f, g[0].h */
static struct insights_token name(struct insights_parser *p, size_t i) {
    struct insights_token t = {.kind = TOKEN_NAME, .start = i};
    struct buf b = buf_new(p->arena, p->text.n + 1);
    for (;;) {
        if (at(p, i) == '`') {
            size_t end = str_find_char(str_skip(p->text, i + 1), '`');
            if (end == STR_NONE) return (struct insights_token){.kind = TOKEN_BROKEN, .start = i, .end = p->text.n};
            buf_add(&b, str_take(str_skip(p->text, i + 1), end));
            i += end + 2;
            t.quoted = true;
        } else {
            while (is_letter(at(p, i)) || is_digit(at(p, i))) buf_char(&b, at(p, i++));
        }
        while (at(p, i) == '[' && is_digit(at(p, i + 1))) {
            size_t j = i + 1;
            while (is_digit(at(p, j))) j++;
            if (at(p, j) != ']') break;
            buf_char(&b, '.');
            buf_add(&b, str_take(str_skip(p->text, i + 1), j - i - 1));
            i = j + 1;
        }
        char next = at(p, i + 1);
        if (at(p, i) != '.' || !(is_letter(next) || is_digit(next) || next == '`')) break;
        buf_char(&b, '.');
        i++;
    }
    t.text = buf_str(&b);
    t.end = i;
    return t;
}

static struct insights_token number(struct insights_parser *p, size_t i) {
    struct insights_token t = {.kind = TOKEN_NUMBER, .start = i};
    while (is_digit(at(p, i))) i++;
    if (at(p, i) == '.' && is_digit(at(p, i + 1)))
        for (i++; is_digit(at(p, i));) i++;
    size_t digits = i;
    while (is_letter(at(p, i))) i++;
    t.end = i;
    if (!str_to_f64(str_take(str_skip(p->text, t.start), digits - t.start), &t.number)) t.kind = TOKEN_BROKEN;
    if (i == digits) return t;
    t.text = str_take(str_skip(p->text, digits), i - digits);
    if (t.kind == TOKEN_NUMBER) t.kind = insights_unit_known(t.text) ? TOKEN_PERIOD : TOKEN_BROKEN;
    return t;
}

static struct insights_token string(struct insights_parser *p, size_t i) {
    struct insights_token t = {.kind = TOKEN_STRING, .start = i};
    struct buf b = buf_new(p->arena, p->text.n + 1);
    char quote = at(p, i++);
    for (; i < p->text.n && p->text.p[i] != quote; i++) {
        char c = p->text.p[i], next = at(p, i + 1);
        const char *plain = "\"'\\`";
        if (c == '\\' && next && strchr("nt", next)) buf_char(&b, next == 'n' ? '\n' : '\t'), i++;
        else if (c == '\\' && next && strchr(plain, next)) buf_char(&b, next), i++;
        else buf_char(&b, c);
    }
    buf_char(&b, 0);
    t.text = str_take(buf_str(&b), b.n - 1);
    t.end = i < p->text.n ? i + 1 : i;
    if (i >= p->text.n) t.kind = TOKEN_BROKEN;
    return t;
}

struct insights_token insights_peek(struct insights_parser *p) {
    size_t i = skip_blanks(p);
    char c = at(p, i), next = at(p, i + 1);
    if (i >= p->text.n) return (struct insights_token){.kind = TOKEN_END, .start = i, .end = i};
    if (is_letter(c) || c == '`') return name(p, i);
    if (is_digit(c)) return number(p, i);
    if (c == '"' || c == '\'') return string(p, i);
    struct insights_token t = {.kind = strchr("|,()[]:=!<>+-*/%^", c) && c ? TOKEN_SIGN : TOKEN_BROKEN, .start = i, .end = i + 1};
    if ((c == '!' || c == '<' || c == '>') && next == '=') t.end++;
    if (c == '=' && next == '~') t.end++;
    t.text = str_take(str_skip(p->text, i), t.end - i);
    return t;
}

struct insights_token insights_next(struct insights_parser *p) {
    struct insights_token t = insights_peek(p);
    p->at = t.end;
    return t;
}

bool insights_take_sign(struct insights_parser *p, const char *sign) {
    struct insights_token t = insights_peek(p);
    if (t.kind != TOKEN_SIGN || !str_eq(t.text, str_of(sign))) return false;
    p->at = t.end;
    return true;
}

bool insights_take_word(struct insights_parser *p, const char *word) {
    struct insights_token t = insights_peek(p);
    if (t.kind != TOKEN_NAME || t.quoted || !str_eq_nocase(t.text, str_of(word))) return false;
    p->at = t.end;
    return true;
}

str insights_take_regex(struct insights_parser *p) {
    size_t i = skip_blanks(p), start = i + 1;
    if (at(p, i) != '/') return (str){0};
    for (i++; i < p->text.n && p->text.p[i] != '/'; i++)
        if (p->text.p[i] == '\\') i++;
    if (i >= p->text.n) return (str){0};
    p->at = i + 1;
    return str_take(str_skip(p->text, start), i - start);
}
