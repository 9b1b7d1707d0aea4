#include "metric_select.h"

struct reader {
    struct arena *arena;
    str rest, problem;
};

static bool wrong(struct reader *r, str problem) {
    if (!r->problem.p) r->problem = problem;
    return false;
}

static bool expected(struct reader *r, const char *what) {
    str here = str_take(r->rest, 20);
    return wrong(r, here.n ? arena_format(r->arena, "%s is expected at '%.*s'", what, STR_ARGS(here)) : arena_format(r->arena, "%s is expected at the end", what));
}

static bool is_letter(char ch) { return ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '_'; }
static bool is_digit(char ch) { return ch >= '0' && ch <= '9'; }

static void blanks(struct reader *r) {
    while (r->rest.n && (*r->rest.p == ' ' || *r->rest.p == '\t' || *r->rest.p == '\n' || *r->rest.p == '\r')) r->rest = str_skip(r->rest, 1);
}

static bool take(struct reader *r, const char *mark) {
    blanks(r);
    if (!str_starts(r->rest, str_of(mark))) return false;
    r->rest = str_skip(r->rest, str_of(mark).n);
    return true;
}

static str word(const struct reader *r) {
    size_t n = 0;
    while (n < r->rest.n && (is_letter(r->rest.p[n]) || (n && is_digit(r->rest.p[n])))) n++;
    return str_take(r->rest, n);
}

static bool take_word(struct reader *r, const char *wanted) {
    blanks(r);
    str found = word(r);
    if (!str_eq_nocase(found, str_of(wanted))) return false;
    r->rest = str_skip(r->rest, found.n);
    return true;
}

static bool quoted(struct reader *r, char quote, str *text) {
    blanks(r);
    if (!r->rest.n || *r->rest.p != quote) return false;
    size_t end = str_find_char(str_skip(r->rest, 1), quote);
    if (end == STR_NONE) return false;
    *text = str_take(str_skip(r->rest, 1), end);
    r->rest = str_skip(r->rest, end + 2);
    return text->n > 0;
}

static bool name(struct reader *r, str *text) {
    if (quoted(r, '"', text)) return true;
    *text = word(r);
    r->rest = str_skip(r->rest, text->n);
    return text->n || expected(r, "a name");
}

static bool function(struct reader *r, u8 *f) {
    static const char *const names[] = {[SELECT_AVG] = "AVG", [SELECT_COUNT] = "COUNT", [SELECT_MAX] = "MAX", [SELECT_MIN] = "MIN", [SELECT_SUM] = "SUM"};
    for (*f = 0; *f < LENGTH(names); (*f)++)
        if (take_word(r, names[*f])) return take(r, "(") || expected(r, "'('");
    return expected(r, "AVG, COUNT, MAX, MIN or SUM");
}

static bool names(struct reader *r, str *v, u32 *n) {
    do {
        if (*n == SELECT_NAMES_MAX) return wrong(r, S("there are too many names"));
        if (!name(r, &v[(*n)++])) return false;
    } while (take(r, ","));
    return true;
}

static bool from(struct reader *r, struct metric_select *s) {
    s->exact = take_word(r, "SCHEMA");
    if (!s->exact) return name(r, &s->space);
    if (!take(r, "(")) return expected(r, "'('");
    if (!name(r, &s->space) || (take(r, ",") && !names(r, s->schema, &s->schema_count))) return false;
    return take(r, ")") || expected(r, "')'");
}

static bool where(struct reader *r, struct metric_select *s) {
    do {
        struct select_condition *x = &s->conditions[s->condition_count];
        if (s->condition_count++ == SELECT_CONDITIONS_MAX) return wrong(r, S("there are too many conditions"));
        if (!name(r, &x->name)) return false;
        x->differs = take(r, "!=");
        if (!x->differs && !take(r, "=")) return expected(r, "= or !=");
        if (!quoted(r, '\'', &x->value)) return expected(r, "a value in single quotes");
    } while (take_word(r, "AND"));
    return true;
}

static bool order(struct reader *r, struct metric_select *s) {
    s->ordered = true;
    if (!take_word(r, "BY")) return expected(r, "BY");
    if (!function(r, &s->order)) return false;
    if (!take(r, ")")) return expected(r, "')'");
    s->descends = take_word(r, "DESC");
    if (!s->descends && take_word(r, "ASC")) s->descends = false;
    return true;
}

static bool limit(struct reader *r, struct metric_select *s) {
    u64 n;
    size_t digits = 0;
    blanks(r);
    while (digits < r->rest.n && is_digit(r->rest.p[digits])) digits++;
    if (!str_to_u64(str_take(r->rest, digits), &n) || !n || n > SELECT_LIMIT_MAX) return expected(r, "a number from 1 to 500");
    r->rest = str_skip(r->rest, digits);
    s->limit = (u32)n;
    return true;
}

bool metric_select_begins(str text) {
    struct reader r = {.rest = text};
    return take_word(&r, "SELECT");
}

static bool statement(struct reader *r, struct metric_select *s) {
    if (!take_word(r, "SELECT")) return expected(r, "SELECT");
    if (!function(r, &s->function) || !name(r, &s->metric)) return false;
    if (!take(r, ")")) return expected(r, "')'");
    if (!take_word(r, "FROM")) return expected(r, "FROM");
    if (!from(r, s)) return false;
    if (take_word(r, "WHERE") && !where(r, s)) return false;
    if (take_word(r, "GROUP")) {
        if (!take_word(r, "BY")) return expected(r, "BY");
        if (!names(r, s->groups, &s->group_count)) return false;
    }
    if (take_word(r, "ORDER") && !order(r, s)) return false;
    if (take_word(r, "LIMIT") && !limit(r, s)) return false;
    blanks(r);
    return !r->rest.n || expected(r, "the end");
}

bool metric_select_read(struct arena *a, str text, struct metric_select *s, str *problem) {
    struct reader r = {.arena = a, .rest = text};
    *s = (struct metric_select){.limit = SELECT_LIMIT_MAX};
    bool read = statement(&r, s);
    *problem = r.problem;
    return read;
}

static str dimension(const struct metric *m, str name) {
    for (u32 i = 0; i < m->dimensions.n; i++)
        if (str_eq(m->dimensions.v[i].key, name)) return m->dimensions.v[i].value;
    return (str){0};
}

/* What is grouped or held against a value must be there. */
bool metric_select_takes(const struct metric_select *s, const struct metric *m) {
    bool taken = str_eq(m->name, s->metric) && str_eq(m->space, s->space) && (!s->exact || m->dimensions.n == s->schema_count);
    for (u32 i = 0; i < s->schema_count; i++) taken = taken && dimension(m, s->schema[i]).p;
    for (u32 i = 0; i < s->group_count; i++) taken = taken && dimension(m, s->groups[i]).p;
    for (u32 i = 0; taken && i < s->condition_count; i++) {
        str value = dimension(m, s->conditions[i].name);
        taken = value.p && str_eq(value, s->conditions[i].value) != s->conditions[i].differs;
    }
    return taken;
}
