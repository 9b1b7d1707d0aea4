/* Patterns of events whose fields stand between spaces: [ip, user, ..., status = 4*, bytes > 1000]. What is in quotation
 * marks or brackets is one field, without them. */
#include "pattern_parts.h"

enum { TESTS_MAX = 8 };

struct field {
    str name; /* absent: it has none */
    bool rest; /* "...": any number of fields */
    struct test tests[TESTS_MAX];
    bool or[TESTS_MAX]; /* how a test is joined to those before it; "and" binds tighter */
    u32 test_count;
};
struct fields_pattern {
    struct field fields[PATTERN_FIELDS];
    u32 n;
    bool any; /* "[]" */
};

/* ---- read ---- */

static str word(struct pattern_reader *r) {
    size_t n = 0;
    pattern_space(r);
    while (n < r->rest.n && !strchr(" \t\n,=!<>]&|", r->rest.p[n])) n++;
    str w = str_take(r->rest, n);
    r->rest = str_skip(r->rest, n);
    return w;
}

static bool read_field(struct pattern_reader *r, struct field *f) {
    if (pattern_take(r, S("..."))) {
        f->rest = true;
        return true;
    }
    f->name = word(r);
    if (!f->name.n) f->name = (str){0};
    pattern_space(r);
    if (!r->rest.n || r->rest.p[0] == ',' || r->rest.p[0] == ']') return true;
    for (bool more = true, or = false; more;) {
        if (f->test_count == TESTS_MAX) return pattern_fails(r, "Invalid filter pattern: a field has too many comparisons");
        f->or[f->test_count] = or;
        if (!pattern_test(r, ",]", &f->tests[f->test_count++])) return false;
        or = pattern_take(r, S("||"));
        more = or || pattern_take(r, S("&&"));
        if (more && !str_eq(word(r), f->name)) return pattern_fails(r, "Invalid filter pattern: a comparison is about another field");
    }
    return true;
}

struct fields_pattern *fields_pattern_read(struct pattern_reader *r) {
    struct fields_pattern *p = NEW(r->arena, struct fields_pattern);
    bool rest = false;
    if (pattern_take(r, S("]"))) {
        p->any = true;
        return p;
    }
    for (;;) {
        if (p->n == PATTERN_FIELDS) return pattern_fails(r, "Invalid filter pattern: it has too many fields"), NULL;
        struct field *f = &p->fields[p->n++];
        if (!read_field(r, f)) return NULL;
        if (f->rest && rest) return pattern_fails(r, "Invalid filter pattern: '...' can stand only once"), NULL;
        rest |= f->rest;
        for (u32 i = 0; f->name.p && i + 1 < p->n; i++)
            if (str_eq(p->fields[i].name, f->name)) return pattern_fails(r, "Invalid filter pattern: two fields have one name"), NULL;
        if (pattern_take(r, S("]"))) return p;
        if (!pattern_take(r, S(","))) return pattern_fails(r, "Invalid filter pattern: ',' or ']' is missing"), NULL;
    }
}

/* ---- matched ---- */

static u32 split(str message, str *fields) {
    u32 n = 0;
    while (n < PATTERN_FIELDS) {
        while (message.n && (message.p[0] == ' ' || message.p[0] == '\t' || message.p[0] == '\n' || message.p[0] == '\r')) message = str_skip(message, 1);
        if (!message.n) break;
        char close = message.p[0] == '"' ? '"' : message.p[0] == '[' ? ']' : 0;
        size_t end = close ? str_find_char(str_skip(message, 1), close) : STR_NONE;
        if (end != STR_NONE) {
            fields[n++] = str_take(str_skip(message, 1), end);
            message = str_skip(message, end + 2);
            continue;
        }
        for (end = 0; end < message.n && message.p[end] != ' ' && message.p[end] != '\t' && message.p[end] != '\n' && message.p[end] != '\r';) end++;
        fields[n++] = str_take(message, end);
        message = str_skip(message, end);
    }
    return n;
}

static bool passes(const struct field *f, str value) {
    double number;
    bool numeric = str_to_f64(value, &number), all = true;
    for (u32 i = 0; i < f->test_count; i++) {
        if (f->or[i] && all) return true;
        bool holds = test_holds(&f->tests[i], value, numeric ? &number : NULL);
        all = f->or[i] ? holds : all && holds;
    }
    return all;
}

/* Which of the pattern's fields each of the message's is: NULL where "..." stands. False: their numbers do not fit. */
static bool align(const struct fields_pattern *p, u32 n, const struct field **which) {
    u32 rest = p->n;
    if (p->any) {
        for (u32 i = 0; i < n; i++) which[i] = NULL;
        return true;
    }
    for (u32 i = 0; i < p->n; i++)
        if (p->fields[i].rest) rest = i;
    if (rest == p->n ? n != p->n : n + 1 < p->n) return false;
    for (u32 i = 0; i < n; i++) {
        u32 behind = p->n - rest; /* fields from "..." on, if there is one */
        if (i < rest) which[i] = &p->fields[i];
        else which[i] = n - i < behind ? &p->fields[p->n - (n - i)] : NULL;
    }
    return true;
}

bool fields_pattern_matches(const struct fields_pattern *p, str message) {
    str values[PATTERN_FIELDS];
    const struct field *which[PATTERN_FIELDS];
    u32 n = split(message, values);
    if (!align(p, n, which)) return false;
    for (u32 i = 0; i < n; i++)
        if (which[i] && !passes(which[i], values[i])) return false;
    return true;
}

bool fields_pattern_pick(const struct fields_pattern *p, str message, str selector, str *value) {
    str values[PATTERN_FIELDS], name = str_skip(selector, 1);
    const struct field *which[PATTERN_FIELDS];
    u64 number;
    u32 n = split(message, values);
    if (!align(p, n, which)) return false;
    bool numbered = str_to_u64(name, &number);
    for (u32 i = 0; i < n; i++) {
        bool is = which[i] && which[i]->name.p ? str_eq(which[i]->name, name) : numbered && number == i + 1;
        if (!is) continue;
        *value = values[i];
        return true;
    }
    return false;
}

u32 fields_pattern_extract(const struct fields_pattern *p, struct arena *scratch, str message, struct log_picked *picked, u32 max) {
    str values[PATTERN_FIELDS];
    const struct field *which[PATTERN_FIELDS];
    u32 n = split(message, values);
    if (!align(p, n, which)) return 0;
    for (u32 i = 0; i < n && i < max; i++) {
        bool named = which[i] && which[i]->name.p;
        picked[i] = (struct log_picked){named ? arena_concat(scratch, S("$"), which[i]->name) : arena_format(scratch, "$%u", i + 1), values[i]};
    }
    return MIN(n, max);
}

str fields_pattern_literal(const struct fields_pattern *p) {
    str best = {0};
    for (u32 i = 0; i < p->n; i++) {
        bool sure = true;
        for (u32 j = 0; j < p->fields[i].test_count; j++) sure &= !p->fields[i].or[j];
        for (u32 j = 0; sure && j < p->fields[i].test_count; j++) {
            str literal = test_literal(&p->fields[i].tests[j]);
            if (literal.n > best.n) best = literal;
        }
    }
    return best;
}
