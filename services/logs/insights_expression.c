/* Expressions of Insights: reading them, and what they come to. */
#include "insights_plan.h"

#include <math.h>

enum { NODES_MAX = 2000 }; /* also bounds the depth of a chain: a + b + c */

static struct insights_expression *fresh(struct insights_parser *p, u8 op, size_t start) {
    struct insights_expression *e = NEW(p->arena, struct insights_expression);
    if (++p->nodes > NODES_MAX) insights_wrong(p, start, p->at, "query is too complex");
    e->op = op;
    e->start = start;
    e->end = p->at;
    return e;
}

static struct insights_expression *joined(struct insights_parser *p, u8 op, struct insights_expression *x, struct insights_expression *y) {
    if (!x || !y) return NULL;
    struct insights_expression *e = fresh(p, op, x->start);
    e->args[0] = x;
    e->args[1] = y;
    e->n = 2;
    return e;
}

static struct insights_expression *constant(struct insights_parser *p, struct insights_value v, size_t start) {
    struct insights_expression *e = fresh(p, OP_VALUE, start);
    e->value = v;
    return e;
}

struct regex *insights_read_regex(struct insights_parser *p, str pattern, size_t start) {
    str problem = {0};
    size_t offset = 0;
    struct regex *r = regex_compile(p->arena, pattern, &problem, &offset);
    if (!r) insights_wrong(p, start, p->at, "invalid regular expression: %.*s near index %zu", STR_ARGS(problem), offset);
    return r;
}

/* ---- names ---- */

/* Spaces do not matter when a name is taken from an expression: `count( * )` is found as count(*). */
static bool same_name(str x, str y) {
    size_t i = 0, j = 0;
    for (;;) {
        while (i < x.n && x.p[i] == ' ') i++;
        while (j < y.n && y.p[j] == ' ') j++;
        if (i == x.n || j == y.n) return i == x.n && j == y.n;
        if (x.p[i++] != y.p[j++]) return false;
    }
}

void *insights_unknown(struct insights_parser *p, const struct insights_expression *e) {
    str text = str_take(str_skip(p->text, e->start), e->end - e->start);
    return insights_wrong(p, e->start, e->end, "Unknown symbols found in or after stats: %.*s", STR_ARGS(text));
}

static struct insights_expression *field(struct insights_parser *p, str name, size_t start) {
    struct insights_expression *e = fresh(p, OP_FIELD, start);
    e->index = insights_slot_of(p->query, name);
    if (p->stats && !p->in_aggregate) {
        if (p->loose_count == LENGTH(p->loose)) return insights_unknown(p, e);
        return p->loose[p->loose_count++] = e;
    }
    if (!p->limited || p->query->slots[e->index].known || (p->joined && insights_is_joined(p->query, name))) return e;
    /* Dots below what is known lead into its map. */
    for (str part = name; (part.n = str_rfind_char(part, '.')) != STR_NONE;)
        for (u32 i = 0; i < p->query->slot_count; i++)
            if (p->query->slots[i].known && str_eq(p->query->slots[i].name, part)) return e;
    return insights_unknown(p, e);
}

/* Behind a stats, `count(*)` and `bin(5m)` are names of what it answered: without being computed anew. */
static struct insights_expression *earlier_result(struct insights_parser *p, size_t start) {
    size_t at = p->at;
    for (u32 depth = 1; depth;) {
        struct insights_token t = insights_next(p);
        if (t.kind == TOKEN_END || t.kind == TOKEN_BROKEN) break;
        if (t.kind == TOKEN_SIGN && str_eq(t.text, S("("))) depth++;
        if (t.kind == TOKEN_SIGN && str_eq(t.text, S(")"))) depth--;
    }
    str text = str_take(str_skip(p->text, start), p->at - start);
    for (u32 i = 0; i < p->query->slot_count; i++)
        if (p->query->slots[i].known && same_name(p->query->slots[i].name, text)) {
            struct insights_expression *e = fresh(p, OP_FIELD, start);
            e->index = i;
            return e;
        }
    p->at = at;
    return NULL;
}

/* ---- calls ---- */

static const struct {
    const char *name;
    u8 kind;
} aggregates[] = {
    {"count", AGGREGATE_COUNT}, {"count_distinct", AGGREGATE_DISTINCT}, {"sum", AGGREGATE_SUM}, {"avg", AGGREGATE_AVG}, {"min", AGGREGATE_MIN},
    {"max", AGGREGATE_MAX}, {"pct", AGGREGATE_PCT}, {"median", AGGREGATE_MEDIAN}, {"stddev", AGGREGATE_STDDEV}, {"earliest", AGGREGATE_EARLIEST},
    {"latest", AGGREGATE_LATEST}, {"sortsFirst", AGGREGATE_SORTS_FIRST}, {"sortsLast", AGGREGATE_SORTS_LAST},
};

static int aggregate_kind(str name) {
    for (size_t i = 0; i < LENGTH(aggregates); i++)
        if (str_eq_nocase(name, str_of(aggregates[i].name))) return aggregates[i].kind;
    return -1;
}

static struct insights_expression *aggregate(struct insights_parser *p, u8 kind, size_t start) {
    struct insights_aggregate *g = NEW(p->arena, struct insights_aggregate);
    g->kind = kind;
    p->in_aggregate = true;
    struct insights_token t = insights_peek(p);
    bool star = kind == AGGREGATE_COUNT && insights_take_sign(p, "*");
    bool empty = kind == AGGREGATE_COUNT && t.kind == TOKEN_SIGN && str_eq(t.text, S(")"));
    if (!star && !empty && !(g->of = insights_read_expression(p))) return NULL;
    if (kind == AGGREGATE_PCT) {
        if (!insights_take_sign(p, ",")) return insights_unexpected(p);
        t = insights_next(p);
        if (t.kind != TOKEN_NUMBER || t.number > 100) return insights_wrong(p, t.start, t.end, "pct needs a number from 0 to 100");
        g->percent = t.number;
    }
    p->in_aggregate = false;
    if (!insights_take_sign(p, ")")) return insights_unexpected(p);
    struct insights_expression *e = fresh(p, OP_AGGREGATE, start);
    e->index = p->stats->aggregate_count++;
    struct insights_aggregate **end = &p->stats->aggregates;
    while (*end) end = &(*end)->next;
    *end = g;
    return e;
}

static struct insights_expression *call(struct insights_parser *p, struct insights_token name) {
    int kind = aggregate_kind(name.text);
    if (kind >= 0 && p->stats && !p->in_aggregate) return aggregate(p, (u8)kind, name.start);
    struct insights_expression *e = p->limited ? earlier_result(p, name.start) : NULL;
    if (e) return e;
    const struct insights_function *f = insights_function_find(name.text);
    if (!f && kind >= 0) return insights_wrong(p, name.start, name.end, "aggregation function %.*s is only allowed in stats", STR_ARGS(name.text));
    if (!f) return insights_wrong(p, name.start, name.end, "unknown function %.*s", STR_ARGS(name.text));
    p->query->unmasks |= str_eq(str_of(f->name), S("unmask"));
    e = fresh(p, OP_CALL, name.start);
    e->function = f;
    struct insights_expression **end = &e->args[0];
    if (!insights_take_sign(p, ")")) {
        do {
            if (e->n == INSIGHTS_ARGUMENTS_MAX || !(*end = insights_read_expression(p))) return insights_unexpected(p);
            end = &(*end)->next;
            e->n++;
        } while (insights_take_sign(p, ","));
        if (!insights_take_sign(p, ")")) return insights_unexpected(p);
    }
    e->end = p->at;
    if (e->n < f->least || (e->n > f->most && (f->most || !f->least)))
        return insights_wrong(p, e->start, e->end, "invalid number of arguments for function %s: %u", f->name, e->n);
    bool of_event = !p->limited && (!p->stats || p->in_aggregate); /* bin reads the time of its event */
    if (!of_event && str_eq(str_of(f->name), S("bin"))) return insights_unknown(p, e);
    return e;
}

/* ---- precedence ---- */

struct insights_expression *insights_read_operand(struct insights_parser *p) {
    struct insights_token t = insights_next(p);
    switch (t.kind) {
    case TOKEN_NUMBER: return constant(p, insights_number(t.number), t.start);
    case TOKEN_STRING: return constant(p, insights_string(t.text), t.start);
    case TOKEN_PERIOD: return constant(p, (struct insights_value){.type = INSIGHTS_PERIOD, .text = t.text, .number = t.number}, t.start);
    case TOKEN_NAME:
        if (!t.quoted && insights_take_sign(p, "(")) return call(p, t);
        if (!t.quoted && (str_eq_nocase(t.text, S("true")) || str_eq_nocase(t.text, S("false"))))
            return constant(p, insights_boolean(str_eq_nocase(t.text, S("true"))), t.start);
        return field(p, t.text, t.start);
    case TOKEN_SIGN:
        if (str_eq(t.text, S("("))) {
            struct insights_expression *e = insights_read_expression(p);
            if (!e || !insights_take_sign(p, ")")) return insights_unexpected(p);
            e->start = t.start;
            e->end = p->at;
            return e;
        }
        break;
    default: break;
    }
    p->at = t.start;
    return insights_unexpected(p);
}

static struct insights_expression *unary(struct insights_parser *p) {
    size_t start = insights_peek(p).start;
    if (!insights_take_sign(p, "-")) return insights_read_operand(p);
    struct insights_expression *of = insights_read_operand(p);
    if (!of) return NULL;
    struct insights_expression *e = fresh(p, OP_NEGATE, start);
    e->args[0] = of;
    return e;
}

static const struct {
    const char *sign;
    u8 op, level;
} binary[] = {
    {"^", OP_POWER, 2}, {"*", OP_MULTIPLY, 1}, {"/", OP_DIVIDE, 1}, {"%", OP_MODULO, 1}, {"+", OP_ADD, 0}, {"-", OP_SUBTRACT, 0},
};

static struct insights_expression *arithmetic(struct insights_parser *p, u8 level) {
    struct insights_expression *x = level == 2 ? unary(p) : arithmetic(p, level + 1);
    for (size_t i = 0; x && i < LENGTH(binary);) {
        if (binary[i].level == level && insights_take_sign(p, binary[i].sign)) {
            x = joined(p, binary[i].op, x, level == 2 ? unary(p) : arithmetic(p, level + 1));
            i = 0;
        } else {
            i++;
        }
    }
    return x;
}

static struct insights_expression *negated(struct insights_parser *p, struct insights_expression *e, bool not) {
    if (!not || !e) return e;
    struct insights_expression *n = fresh(p, OP_NOT, e->start);
    n->args[0] = e;
    return n;
}

static struct insights_expression *like(struct insights_parser *p, struct insights_expression *x) {
    size_t start = p->at;
    str pattern = insights_take_regex(p);
    struct insights_expression *e = fresh(p, pattern.p ? OP_MATCH : OP_LIKE, x->start);
    e->args[0] = x;
    e->n = 1;
    if (pattern.p) {
        e->value = insights_string(pattern);
        if (!(e->regex = insights_read_regex(p, pattern, start))) return NULL;
        return e;
    }
    struct insights_token t = insights_peek(p);
    if (t.kind != TOKEN_STRING) return insights_unexpected(p);
    p->at = e->end = t.end;
    e->value = insights_string(t.text);
    return e;
}

static struct insights_expression *in_list(struct insights_parser *p, struct insights_expression *x) {
    struct insights_expression *e = fresh(p, OP_IN, x->start), **end = &e->args[1];
    e->args[0] = x;
    if (insights_take_sign(p, "(")) {
        e->op = OP_WITHIN;
        e->inner = insights_read_inner(p, x->op == OP_FIELD ? p->query->slots[x->index].name : (str){0});
        e->end = p->at;
        return e->inner ? e : NULL;
    }
    if (!insights_take_sign(p, "[")) return insights_unexpected(p);
    if (insights_take_sign(p, "]")) return e;
    do {
        if (!(*end = insights_read_expression(p))) return NULL;
        end = &(*end)->next;
    } while (insights_take_sign(p, ","));
    if (!insights_take_sign(p, "]")) return insights_unexpected(p);
    e->end = p->at;
    return e;
}

static struct insights_expression *comparison(struct insights_parser *p) {
    static const struct {
        const char *sign;
        u8 op;
    } signs[] = {{"=", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"<", OP_LT}, {">", OP_GT}};
    struct insights_expression *x = arithmetic(p, 0);
    if (!x) return NULL;
    for (size_t i = 0; i < LENGTH(signs); i++)
        if (insights_take_sign(p, signs[i].sign)) return joined(p, signs[i].op, x, arithmetic(p, 0));
    if (insights_take_sign(p, "=~")) return like(p, x);
    size_t before = p->at;
    bool not = insights_take_word(p, "not");
    if (insights_take_word(p, "like")) return negated(p, like(p, x), not);
    if (insights_take_word(p, "in")) return negated(p, in_list(p, x), not);
    p->at = before;
    return x;
}

static struct insights_expression *inversion(struct insights_parser *p) {
    u32 nots = 0;
    while (insights_take_word(p, "not")) nots++;
    return negated(p, comparison(p), nots & 1);
}

static struct insights_expression *conjunction(struct insights_parser *p) {
    struct insights_expression *x = inversion(p);
    while (x && insights_take_word(p, "and")) x = joined(p, OP_AND, x, inversion(p));
    return x;
}

struct insights_expression *insights_read_expression(struct insights_parser *p) {
    if (p->wrong || p->depth++ >= INSIGHTS_DEPTH_MAX) return insights_wrong(p, p->at, p->at, "query is nested too deeply");
    struct insights_expression *x = conjunction(p);
    while (x && insights_take_word(p, "or")) x = joined(p, OP_OR, x, conjunction(p));
    p->depth--;
    return x;
}

/* ---- what they come to ---- */

static struct insights_value compute(u8 op, const struct insights_value *x, const struct insights_value *y) {
    double a, b, v = 0;
    if (!insights_to_number(x, &a) || !insights_to_number(y, &b)) return insights_absent();
    switch (op) {
    case OP_ADD: v = a + b; break;
    case OP_SUBTRACT: v = a - b; break;
    case OP_MULTIPLY: v = a * b; break;
    case OP_DIVIDE: v = b == 0 ? NAN : a / b; break;
    case OP_MODULO: v = b == 0 ? NAN : fmod(a, b); break;
    default: v = pow(a, b);
    }
    return isfinite(v) ? insights_number(v) : insights_absent();
}

static struct insights_value compare(u8 op, const struct insights_value *x, const struct insights_value *y) {
    int order;
    if (op == OP_EQ || op == OP_NE) return insights_boolean(insights_equal(x, y) == (op == OP_EQ));
    if (!insights_order(x, y, &order)) return insights_boolean(false);
    return insights_boolean(op == OP_LT ? order < 0 : op == OP_LE ? order <= 0 : op == OP_GT ? order > 0 : order >= 0);
}

static bool listed(struct insights_scope *s, const struct insights_value *x, const struct insights_expression *list) {
    for (; list; list = list->next) {
        struct insights_value v = insights_evaluate(s, list);
        if (insights_equal(x, &v)) return true;
    }
    return false;
}

__attribute__((noinline)) static struct insights_value called(struct insights_scope *s, const struct insights_expression *e) {
    struct insights_value args[INSIGHTS_ARGUMENTS_MAX];
    u32 n = 0;
    for (const struct insights_expression *x = e->args[0]; x; x = x->next) args[n++] = insights_evaluate(s, x);
    return e->function->of(s, args, n);
}

struct insights_value insights_evaluate(struct insights_scope *s, const struct insights_expression *e) {
    struct insights_value x, y;
    str text;
    switch (e->op) {
    case OP_VALUE: return e->value;
    case OP_FIELD: return insights_slot_value(s, e->index);
    case OP_AGGREGATE: return s->aggregates[e->index];
    case OP_CALL: return called(s, e);
    default: x = insights_evaluate(s, e->args[0]);
    }
    switch (e->op) {
    case OP_AND:
        if (!insights_is_true(&x)) return insights_boolean(false);
        y = insights_evaluate(s, e->args[1]);
        return insights_boolean(insights_is_true(&y));
    case OP_OR:
        if (insights_is_true(&x)) return insights_boolean(true);
        y = insights_evaluate(s, e->args[1]);
        return insights_boolean(insights_is_true(&y));
    case OP_NOT: return insights_boolean(!insights_is_true(&x));
    case OP_NEGATE: y = insights_number(0); return compute(OP_SUBTRACT, &y, &x);
    case OP_IN: return insights_boolean(listed(s, &x, e->args[1]));
    case OP_WITHIN: text = insights_show(s->arena, &x); return insights_boolean(text.p && insights_inner_find(e->inner, text));
    case OP_LIKE: text = insights_show(s->arena, &x); return insights_boolean(text.p && str_find(text, e->value.text) != STR_NONE);
    case OP_MATCH: text = insights_show(s->arena, &x); return insights_boolean(text.p && regex_matches(e->regex, text));
    case OP_EQ: case OP_NE: case OP_LT: case OP_LE: case OP_GT: case OP_GE:
        y = insights_evaluate(s, e->args[1]);
        return compare(e->op, &x, &y);
    default: y = insights_evaluate(s, e->args[1]); return compute(e->op, &x, &y);
    }
}
