#include "metric_search.h"

enum { SEARCH_DEPTH = 20 };

struct search {
    struct arena *arena;
    str rest, problem;
    const struct metric *metric; /* that is held against the expression */
    int depth;
};

static bool wrong(struct search *s, str problem) {
    if (!s->problem.p) s->problem = problem;
    return false;
}

static void blanks(struct search *s) {
    while (s->rest.n && (*s->rest.p == ' ' || *s->rest.p == '\t' || *s->rest.p == '\n' || *s->rest.p == '\r')) s->rest = str_skip(s->rest, 1);
}

static bool take(struct search *s, char ch) {
    blanks(s);
    if (!s->rest.n || *s->rest.p != ch) return false;
    s->rest = str_skip(s->rest, 1);
    return true;
}

static bool ends(char ch) { return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r' || ch == '(' || ch == ')' || ch == '=' || ch == '{' || ch == '}' || ch == ',' || ch == '"'; }

static bool term(struct search *s, str *text, bool *exact) {
    blanks(s);
    *exact = s->rest.n && *s->rest.p == '"';
    if (*exact) {
        str rest = str_skip(s->rest, 1);
        size_t end = str_find_char(rest, '"');
        if (end == STR_NONE) return wrong(s, S("a string in double quotes does not end"));
        *text = str_take(rest, end);
        s->rest = str_skip(rest, end + 1);
        return true;
    }
    size_t n = 0;
    while (n < s->rest.n && !ends(s->rest.p[n])) n++;
    *text = str_take(s->rest, n);
    s->rest = str_skip(s->rest, n);
    return n > 0 || wrong(s, s->rest.n ? arena_format(s->arena, "unexpected '%.*s'", STR_ARGS(str_take(s->rest, 1))) : S("it is incomplete"));
}

static bool take_word(struct search *s, const char *word) {
    str before = s->rest, text;
    bool exact, found = s->rest.n > 0;
    blanks(s);
    found = s->rest.n && *s->rest.p != '"' && !ends(*s->rest.p) && term(s, &text, &exact) && str_eq(text, str_of(word));
    if (!found) s->rest = before;
    return found;
}

static char lower(char ch) { return ch >= 'A' && ch <= 'Z' ? (char)(ch | 32) : ch; }
static bool is_letter(char ch) { return (lower(ch) >= 'a' && lower(ch) <= 'z') || (ch >= '0' && ch <= '9'); }

/* A word begins behind what is no letter, and with a capital behind a small one: NumberOfMessages has three. */
static bool begins(str text, size_t i) { return i == 0 || !is_letter(text.p[i - 1]) || (text.p[i] >= 'A' && text.p[i] <= 'Z' && !(text.p[i - 1] >= 'A' && text.p[i - 1] <= 'Z')); }

static bool matches(str text, str wanted, bool exact) {
    if (exact) return str_eq(text, wanted);
    for (size_t i = 0; i + wanted.n <= text.n; i++) {
        bool same = begins(text, i) && (i + wanted.n == text.n || begins(text, i + wanted.n) || !is_letter(text.p[i + wanted.n]));
        for (size_t j = 0; same && j < wanted.n; j++) same = lower(text.p[i + j]) == lower(wanted.p[j]);
        if (same) return true;
    }
    return false;
}

/* property: absent, or the only one that is looked at */
static bool found_in(const struct metric *m, str property, str wanted, bool exact) {
    bool any = !property.p, found = false;
    if (any || str_eq(property, S("MetricName"))) found |= matches(m->name, wanted, exact);
    if (any || str_eq(property, S("Namespace"))) found |= matches(m->space, wanted, exact);
    for (u32 i = 0; i < m->dimensions.n; i++) {
        if (any) found |= matches(m->dimensions.v[i].key, wanted, exact);
        if (any || str_eq(property, m->dimensions.v[i].key)) found |= matches(m->dimensions.v[i].value, wanted, exact);
    }
    return found;
}

static bool either(struct search *s, str property, bool *value);

static bool element(struct search *s, str property, bool *value) {
    str text;
    bool exact, negated = false;
    while (take_word(s, "NOT")) negated = !negated;
    if (take(s, '(')) {
        if (!either(s, property, value) || !(take(s, ')') || wrong(s, S("expected ')'")))) return false;
    } else {
        if (!term(s, &text, &exact)) return false;
        if (!property.p && take(s, '=')) {
            if (!element(s, text, value)) return false;
        } else *value = found_in(s->metric, property, text, exact);
    }
    *value ^= negated;
    return true;
}

static bool both(struct search *s, str property, bool *value) {
    bool other;
    if (!element(s, property, value)) return false;
    for (;;) {
        str before = s->rest;
        blanks(s);
        if (!s->rest.n || *s->rest.p == ')') return true;
        if (take_word(s, "OR")) {
            s->rest = before;
            return true;
        }
        (void)take_word(s, "AND"); /* words beside each other mean it */
        if (!element(s, property, &other)) return false;
        *value &= other;
    }
}

static bool either(struct search *s, str property, bool *value) {
    bool other;
    if (++s->depth > SEARCH_DEPTH) return wrong(s, S("it is nested too deeply"));
    if (!both(s, property, value)) return false;
    while (take_word(s, "OR")) {
        if (!both(s, property, &other)) return false;
        *value |= other;
    }
    s->depth--;
    return true;
}

/* {Namespace,Dimension,...}: these dimensions and no others */
static bool schema(struct search *s, bool *value) {
    str text;
    bool exact;
    u32 n = 0;
    *value = true;
    if (!take(s, '{')) return true;
    if (!term(s, &text, &exact)) return false;
    *value = str_eq(text, s->metric->space);
    for (; take(s, ','); n++) {
        bool there = false;
        if (!term(s, &text, &exact)) return false;
        for (u32 i = 0; i < s->metric->dimensions.n; i++) there |= str_eq(s->metric->dimensions.v[i].key, text);
        *value &= there;
    }
    *value &= n == s->metric->dimensions.n;
    return take(s, '}') || wrong(s, S("expected '}'"));
}

bool search_matches(struct arena *a, str text, const struct metric *m, bool *value, str *problem) {
    struct search s = {.arena = a, .rest = text, .metric = m};
    bool terms = true, done = schema(&s, value);
    blanks(&s);
    if (done && s.rest.n) done = either(&s, (str){0}, &terms);
    blanks(&s);
    if (done && s.rest.n) done = wrong(&s, arena_format(a, "unexpected '%.*s'", STR_ARGS(str_take(s.rest, 1))));
    *value &= terms;
    *problem = s.problem;
    return done;
}
