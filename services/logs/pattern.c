/* Which language a pattern is in; terms; what the languages share. */
#include "pattern_parts.h"

#include "base/encode.h"

enum { TERMS_MAX = 64 };

struct term {
    str text;
    struct regex *regex;
    char sign; /* '+' must be there, '-' must not, '?' may: one of those, if there are no others */
};
struct log_pattern {
    struct term terms[TERMS_MAX];
    u32 term_count;
    struct json_pattern *json;
    struct fields_pattern *fields;
    str literal;
    u32 regexes;
};

/* ---- what the languages share ---- */

bool pattern_fails(struct pattern_reader *r, const char *problem) {
    if (!r->problem.p) r->problem = str_of(problem);
    return false;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void pattern_space(struct pattern_reader *r) {
    while (r->rest.n && is_space(r->rest.p[0])) r->rest = str_skip(r->rest, 1);
}

bool pattern_take(struct pattern_reader *r, str what) {
    pattern_space(r);
    if (!str_starts(r->rest, what)) return false;
    r->rest = str_skip(r->rest, what.n);
    return true;
}

bool pattern_quoted(struct pattern_reader *r, str *text) {
    struct buf b = buf_new(r->arena, r->rest.n + 1);
    buf_reserve(&b, 1);
    while (r->rest.n && r->rest.p[0] != '"') {
        bool escape = r->rest.p[0] == '\\' && r->rest.n > 1 && (r->rest.p[1] == '"' || r->rest.p[1] == '\\');
        if (escape) r->rest = str_skip(r->rest, 1);
        buf_char(&b, r->rest.p[0]);
        r->rest = str_skip(r->rest, 1);
    }
    if (!r->rest.n) return pattern_fails(r, "Invalid filter pattern: a quotation mark is not closed");
    r->rest = str_skip(r->rest, 1);
    *text = buf_str(&b);
    return true;
}

/* A few operators and symbols; no groups, nothing beyond ASCII. */
static bool regex_allowed(str source) {
    for (size_t i = 0; i < source.n; i++) {
        char c = source.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == ' ';
        if (c == '\\' && i + 1 < source.n && source.p[i + 1] > ' ' && source.p[i + 1] < 0x7f) i++;
        else if (!plain && (!c || !strchr(":_#=@/;,-^$?[]{}|\\*+.", c))) return false;
    }
    return true;
}

bool pattern_regex(struct pattern_reader *r, struct regex **regex, str *source) {
    size_t end = 0;
    while (end < r->rest.n && r->rest.p[end] != '%') end += r->rest.p[end] == '\\' && end + 1 < r->rest.n ? 2 : 1;
    if (end >= r->rest.n) return pattern_fails(r, "Invalid filter pattern: a regular expression is not closed by %");
    *source = str_take(r->rest, end);
    r->rest = str_skip(r->rest, end + 1);
    if (++r->regexes > PATTERN_REGEXES) return pattern_fails(r, "Invalid filter pattern: at most 2 regular expressions are allowed");
    if (!source->n || !regex_allowed(*source)) return pattern_fails(r, "Invalid regular expression: it has characters that are not supported");
    *regex = regex_compile(r->arena, *source, NULL, NULL);
    return *regex || pattern_fails(r, "Invalid regular expression");
}

bool pattern_test(struct pattern_reader *r, const char *ends, struct test *t) {
    static const struct {
        const char *sign;
        u8 op;
    } signs[] = {{"!=", TEST_NE}, {"<=", TEST_LE}, {">=", TEST_GE}, {"=", TEST_EQ}, {"<", TEST_LT}, {">", TEST_GT}};
    bool found = false;
    str source;
    for (size_t i = 0; i < LENGTH(signs) && !found; i++) {
        found = pattern_take(r, str_of(signs[i].sign));
        if (found) t->op = signs[i].op;
    }
    if (!found) return pattern_fails(r, "Invalid filter pattern: a comparison is missing");
    pattern_space(r);
    bool ordered = t->op >= TEST_LT;
    if (!ordered && pattern_take(r, S("%"))) return pattern_regex(r, &t->regex, &source);
    if (!ordered && pattern_take(r, S("\""))) return pattern_quoted(r, &t->text);
    size_t n = 0;
    while (n < r->rest.n && !is_space(r->rest.p[n]) && !strchr(ends, r->rest.p[n]) && !str_starts(str_skip(r->rest, n), S("&&")) && !str_starts(str_skip(r->rest, n), S("||"))) n++;
    t->text = str_take(r->rest, n);
    r->rest = str_skip(r->rest, n);
    t->numeric = str_to_f64(t->text, &t->number);
    if (!n) return pattern_fails(r, "Invalid filter pattern: a value is missing");
    return !ordered || t->numeric || pattern_fails(r, "Invalid filter pattern: only numbers can be compared so");
}

/* '*' stands for any characters. */
static bool wild_matches(str pattern, str text) {
    size_t star = STR_NONE, mark = 0, i = 0, j = 0;
    while (j < text.n) {
        if (i < pattern.n && pattern.p[i] == '*') {
            star = i++;
            mark = j;
        } else if (i < pattern.n && pattern.p[i] == text.p[j]) {
            i++;
            j++;
        } else if (star != STR_NONE) {
            i = star + 1;
            j = ++mark;
        } else return false;
    }
    while (i < pattern.n && pattern.p[i] == '*') i++;
    return i == pattern.n;
}

bool test_holds(const struct test *t, str text, const double *number) {
    if (t->op == TEST_EQ || t->op == TEST_NE) {
        bool same = t->regex ? regex_matches(t->regex, text) : t->numeric && number ? *number == t->number : wild_matches(t->text, text);
        return same == (t->op == TEST_EQ);
    }
    if (!number) return false;
    switch (t->op) {
    case TEST_LT: return *number < t->number;
    case TEST_GT: return *number > t->number;
    case TEST_LE: return *number <= t->number;
    case TEST_GE: return *number >= t->number;
    default: return false;
    }
}

/* The longest piece between stars. A number may be written in several ways. */
str test_literal(const struct test *t) {
    str best = {0};
    if (t->op != TEST_EQ || t->regex || t->numeric) return best;
    for (str rest = t->text; rest.p;) {
        str piece = str_cut(&rest, '*');
        if (piece.n > best.n) best = piece;
    }
    return best;
}

/* ---- terms ---- */

static bool term_character(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (c & 0x80); }

static bool read_term(struct pattern_reader *r, struct log_pattern *p) {
    str source = {0};
    if (p->term_count == TERMS_MAX) return pattern_fails(r, "Invalid filter pattern: it has too many terms");
    struct term *t = &p->terms[p->term_count++];
    t->sign = '+';
    if (r->rest.p[0] == '-' || r->rest.p[0] == '?') {
        t->sign = r->rest.p[0];
        r->rest = str_skip(r->rest, 1);
    }
    if (str_starts(r->rest, S("\""))) {
        r->rest = str_skip(r->rest, 1);
        if (!pattern_quoted(r, &t->text)) return false;
    } else if (str_starts(r->rest, S("%"))) {
        r->rest = str_skip(r->rest, 1);
        if (!pattern_regex(r, &t->regex, &source)) return false;
    } else {
        size_t n = 0;
        bool bad = false;
        for (; n < r->rest.n && !is_space(r->rest.p[n]); n++) bad |= !term_character(r->rest.p[n]);
        t->text = str_take(r->rest, n);
        r->rest = str_skip(r->rest, n);
        if (bad || !n) {
            r->problem = arena_format(r->arena, "Invalid character(s) in term '%.*s'", STR_ARGS(t->text));
            return false;
        }
    }
    str sure = t->sign != '+' ? (str){0} : t->regex ? regex_literal(source) : t->text;
    if (sure.n > p->literal.n) p->literal = sure;
    return true;
}

/* Beside terms that must or must not be there, those that may be do not count. DIFFERS: a term is found within a word
 * too; AWS does not say. */
static bool terms_match(const struct log_pattern *p, str message) {
    bool any = false, optional = false, others = false;
    for (u32 i = 0; i < p->term_count; i++) {
        const struct term *t = &p->terms[i];
        bool there = t->regex ? regex_matches(t->regex, message) : str_find(message, t->text) != STR_NONE;
        if (t->sign == '+' && !there) return false;
        if (t->sign == '-' && there) return false;
        optional |= t->sign == '?';
        others |= t->sign != '?';
        any |= t->sign == '?' && there;
    }
    return others || !optional || any;
}

/* ---- all ---- */

struct log_pattern *log_pattern_compile(struct arena *a, str text, str *problem) {
    struct log_pattern *p = NEW(a, struct log_pattern);
    struct pattern_reader r = {.arena = a, .rest = text};
    bool good = true;
    pattern_space(&r);
    if (pattern_take(&r, S("{"))) good = (p->json = json_pattern_read(&r)) != NULL;
    else if (pattern_take(&r, S("["))) good = (p->fields = fields_pattern_read(&r)) != NULL;
    else
        while (good && r.rest.n) {
            good = read_term(&r, p);
            pattern_space(&r);
        }
    pattern_space(&r);
    if (good && r.rest.n) good = pattern_fails(&r, "Invalid filter pattern: there is something behind its end");
    p->regexes = r.regexes;
    if (p->fields) p->literal = fields_pattern_literal(p->fields);
    if (!good) *problem = r.problem;
    return good ? p : NULL;
}

bool log_pattern_matches(const struct log_pattern *p, struct arena *scratch, str message) {
    if (p->json) return json_pattern_matches(p->json, scratch, message);
    return p->fields ? fields_pattern_matches(p->fields, message) : terms_match(p, message);
}

str log_pattern_literal(const struct log_pattern *p) { return p->literal.n ? p->literal : (str){0}; }
u32 log_pattern_regexes(const struct log_pattern *p) { return p->regexes; }

bool log_pattern_pick(const struct log_pattern *p, struct arena *scratch, str message, str selector, str *value) {
    if (p->fields) return fields_pattern_pick(p->fields, message, selector, value);
    return p->json && json_pattern_pick(scratch, message, selector, value);
}

u32 log_pattern_extract(const struct log_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max) {
    if (p->fields) return fields_pattern_extract(p->fields, scratch, message, picked, max);
    return p->json ? json_pattern_extract(p->json, scratch, message, picked, max) : 0;
}
