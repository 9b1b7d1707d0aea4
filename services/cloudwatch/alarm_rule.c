#include "alarm_rule.h"

struct reader {
    struct arena *arena;
    str rest;
    const struct alarm_rule_world *world;
    str problem; /* the first one */
    int depth, elements;
};

static bool wrong(struct reader *r, str problem) {
    if (!r->problem.p) r->problem = problem;
    return false;
}

static void blanks(struct reader *r) {
    while (r->rest.n && (*r->rest.p == ' ' || *r->rest.p == '\t' || *r->rest.p == '\n' || *r->rest.p == '\r')) r->rest = str_skip(r->rest, 1);
}

static bool take(struct reader *r, char ch) {
    blanks(r);
    if (!r->rest.n || *r->rest.p != ch) return false;
    r->rest = str_skip(r->rest, 1);
    return true;
}

static bool expect(struct reader *r, char ch) { return take(r, ch) || wrong(r, arena_format(r->arena, "expected '%c'", ch)); }

static str look_word(struct reader *r) {
    size_t n = 0;
    blanks(r);
    while (n < r->rest.n && (((r->rest.p[n] | 32) >= 'a' && (r->rest.p[n] | 32) <= 'z') || r->rest.p[n] == '_')) n++;
    return str_take(r->rest, n);
}

static bool take_word(struct reader *r, const char *word) {
    str w = look_word(r);
    if (!str_eq(w, str_of(word))) return false;
    r->rest = str_skip(r->rest, w.n);
    return true;
}

/* A name or ARN, in quotes where it has a character that ends it. */
static bool alarm_name(struct reader *r, bool in_list, str *name) {
    struct buf b = buf_new(r->arena, 2048);
    if (++r->elements > RULE_ELEMENTS_MAX) return wrong(r, S("the rule has more than 500 elements"));
    if (take(r, '"')) {
        bool closed = false;
        while (r->rest.n && !closed) {
            char ch = *r->rest.p;
            if (ch == '\\' && r->rest.n > 1) r->rest = str_skip(r->rest, 1), buf_char(&b, *r->rest.p);
            else if (ch == '"') closed = true;
            else buf_char(&b, ch);
            r->rest = str_skip(r->rest, 1);
        }
        if (!closed) return wrong(r, S("a quoted name does not end"));
    } else {
        size_t n = 0;
        blanks(r);
        while (n < r->rest.n && r->rest.p[n] != ')' && r->rest.p[n] != '(' && !(in_list && r->rest.p[n] == ',')) n++;
        buf_add(&b, str_trim(str_take(r->rest, n)));
        r->rest = str_skip(r->rest, n);
    }
    *name = buf_str(&b);
    return (name->n && !b.over) || wrong(r, S("the name of an alarm is missing or too long"));
}

/* ALARM, OK or INSUFFICIENT_DATA; absent: none of them */
static str take_state(struct reader *r) {
    static const char *const states[] = {"ALARM", "OK", "INSUFFICIENT_DATA"};
    for (size_t i = 0; i < LENGTH(states); i++)
        if (take_word(r, states[i])) return str_of(states[i]);
    return (str){0};
}

/* AT_LEAST(2, ALARM, (a, b, c)), AT_LEAST(50%, NOT OK, (a, b)) */
static bool at_least(struct reader *r, bool *value) {
    size_t n = 0;
    u64 wanted, of = 0, in_state = 0;
    str name;
    if (!expect(r, '(')) return false;
    blanks(r);
    while (n < r->rest.n && r->rest.p[n] >= '0' && r->rest.p[n] <= '9') n++;
    if (!str_to_u64(str_take(r->rest, n), &wanted) || !wanted) return wrong(r, S("AT_LEAST takes a number or a percentage first"));
    r->rest = str_skip(r->rest, n);
    bool percent = take(r, '%');
    if (!expect(r, ',')) return false;
    bool negated = take_word(r, "NOT");
    str state = take_state(r);
    if (!state.p) return wrong(r, S("AT_LEAST takes ALARM, OK or INSUFFICIENT_DATA second"));
    if (!expect(r, ',') || !expect(r, '(')) return false;
    do {
        if (!alarm_name(r, true, &name)) return false;
        in_state += str_eq(r->world->state(r->world->context, name), state) != negated;
        of++;
    } while (take(r, ','));
    if (percent ? wanted > 100 : wanted > of) return wrong(r, S("AT_LEAST asks for more alarms than it names"));
    *value = percent ? in_state * 100 >= wanted * of : in_state >= wanted;
    return expect(r, ')') && expect(r, ')');
}

static bool either(struct reader *r, bool *value);

static bool element(struct reader *r, bool *value) {
    str state, name;
    if (take(r, '(')) return either(r, value) && expect(r, ')');
    if (take_word(r, "AT_LEAST")) return at_least(r, value);
    if (take_word(r, "TRUE") || take_word(r, "FALSE")) {
        *value = r->rest.p[-2] == 'U'; /* TRUE */
        return ++r->elements <= RULE_ELEMENTS_MAX || wrong(r, S("the rule has more than 500 elements"));
    }
    state = take_state(r);
    if (!state.p) {
        str word = look_word(r);
        if (!word.n) word = str_take(r->rest, 1);
        return wrong(r, word.n ? arena_format(r->arena, "unexpected '%.*s'", STR_ARGS(word)) : S("it is incomplete"));
    }
    if (!expect(r, '(') || !alarm_name(r, false, &name)) return false;
    *value = str_eq(r->world->state(r->world->context, name), state);
    return expect(r, ')');
}

static bool negation(struct reader *r, bool *value) {
    bool negated = false;
    while (take_word(r, "NOT")) negated = !negated;
    if (!element(r, value)) return false;
    *value ^= negated;
    return true;
}

static bool both(struct reader *r, bool *value) {
    bool other;
    if (!negation(r, value)) return false;
    while (take_word(r, "AND")) {
        if (!negation(r, &other)) return false;
        *value &= other;
    }
    return true;
}

static bool either(struct reader *r, bool *value) {
    bool other;
    if (++r->depth > RULE_DEPTH) return wrong(r, S("it is nested too deeply"));
    if (!both(r, value)) return false;
    while (take_word(r, "OR")) {
        if (!both(r, &other)) return false;
        *value |= other;
    }
    r->depth--;
    return true;
}

bool alarm_rule_evaluate(struct arena *a, str text, const struct alarm_rule_world *world, bool *value, str *problem) {
    struct reader r = {.arena = a, .rest = text, .world = world};
    bool done = either(&r, value);
    blanks(&r);
    if (done && r.rest.n) done = wrong(&r, arena_format(a, "unexpected '%.*s'", STR_ARGS(str_take(r.rest, 1))));
    *problem = r.problem;
    return done;
}
