/* A query's expressions over a record. Three-valued: what is NULL or MISSING makes a comparison neither true nor false. */
#include "services/s3/select_node.h"

#include "cloud/cloud.h"

#include <math.h>

#define SQL_TRY(call)                              \
    do {                                           \
        enum sql_problem problem_ = (call);        \
        if (problem_ != SQL_OK) return problem_;   \
    } while (0)

struct evaluation {
    const struct sql_query *query;
    struct arena *arena;
    const struct sql_record *record; /* NULL: behind the last, for aggregates */
};

static enum sql_problem evaluate(struct evaluation *e, const struct sql_node *n, struct sql_value *v);

/* ---- paths ---- */

/* "_3": the third column. */
static bool column_number(str name, u64 *number) { return name.n > 1 && name.p[0] == '_' && str_to_u64(str_skip(name, 1), number); }

static enum sql_problem find_column(const struct sql_record *r, struct sql_step *step) {
    u64 number;
    for (u32 i = 0; i < r->name_count; i++) {
        bool same = step->exact ? str_eq(r->names[i], step->name) : str_eq_nocase(r->names[i], step->name);
        if (!same) continue;
        if (step->column >= 0) return SQL_AMBIGUOUS_FIELD_NAME;
        step->column = (i32)i;
    }
    if (step->column >= 0) return SQL_OK;
    if (!column_number(step->name, &number)) return r->names ? SQL_MISSING_HEADERS : SQL_INVALID_COLUMN_INDEX;
    if (!number || number > INT32_MAX) return SQL_INVALID_COLUMN_INDEX;
    step->column = (i32)number - 1;
    return SQL_OK;
}

static enum sql_problem csv_field(const struct sql_record *r, const struct sql_path *path, struct sql_value *v) {
    if (path->n != 1 || path->v[0].kind != SQL_STEP_NAME) return SQL_INVALID_KEY_PATH;
    if (path->v[0].column < 0) SQL_TRY(find_column(r, &path->v[0]));
    u32 column = (u32)path->v[0].column;
    *v = column < r->field_count ? sql_text(r->fields[column]) : (struct sql_value){0};
    v->loose = true;
    return SQL_OK;
}

static enum sql_problem json_member(const struct json_node *object, const struct sql_step *step, struct sql_value *v) {
    const struct json_node *found = NULL;
    *v = (struct sql_value){0};
    for (const struct json_node *m = object->first; m; m = m->next) {
        bool same = str_eq(m->key, step->name);
        if (!same && (step->exact || !str_eq_nocase(m->key, step->name))) continue;
        if (found && !step->exact && !str_eq(found->key, m->key)) return SQL_AMBIGUOUS_FIELD_NAME;
        found = m;
    }
    if (found) *v = sql_of_json(found);
    return SQL_OK;
}

static enum sql_problem json_step(const struct sql_step *step, struct sql_value *v) {
    if (step->kind == SQL_STEP_NAME && v->kind == SQL_STRUCT) return json_member(v->node, step, v);
    const struct json_node *item = step->kind == SQL_STEP_INDEX && v->kind == SQL_LIST ? v->node->first : NULL;
    for (u32 i = 0; item && i < step->index; i++) item = item->next;
    *v = item ? sql_of_json(item) : (struct sql_value){0};
    return SQL_OK;
}

static enum sql_problem follow(struct evaluation *e, const struct sql_path *path, struct sql_value *v) {
    const struct sql_record *r = e->record;
    if (!r) return SQL_UNSUPPORTED_STRUCTURE;
    if (r->csv) return csv_field(r, path, v);
    u64 number;
    *v = r->value;
    u32 from = path->n && v->kind != SQL_STRUCT && column_number(path->v[0].name, &number) && number == 1; /* what has no names is _1 */
    for (u32 i = from; i < path->n; i++) SQL_TRY(json_step(&path->v[i], v));
    return SQL_OK;
}

/* ---- truth ---- */

static bool is_true(const struct sql_value *v) {
    return (v->kind == SQL_BOOL && v->yes) || (v->loose && v->kind == SQL_TEXT && str_eq_nocase(v->text, S("true")));
}
static bool is_false(const struct sql_value *v) { return !sql_unknown(v) && !is_true(v); }

static enum sql_problem logic(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value x, y;
    bool is_and = n->op == SQL_OP_AND;
    SQL_TRY(evaluate(e, n->args[0], &x));
    if (is_and ? is_false(&x) : is_true(&x)) {
        *v = sql_bool(!is_and);
        return SQL_OK;
    }
    SQL_TRY(evaluate(e, n->args[1], &y));
    if (is_and ? is_false(&y) : is_true(&y)) *v = sql_bool(!is_and);
    else if (sql_unknown(&x) || sql_unknown(&y)) *v = sql_null();
    else *v = sql_bool(is_and);
    return SQL_OK;
}

static struct sql_value compared(struct arena *a, enum sql_op op, const struct sql_value *x, const struct sql_value *y) {
    int order;
    if (sql_unknown(x) || sql_unknown(y)) return sql_null();
    if (!sql_compare(a, x, y, &order)) return op == SQL_OP_EQUAL || op == SQL_OP_UNEQUAL ? sql_bool(op == SQL_OP_UNEQUAL) : sql_null();
    bool holds = op == SQL_OP_EQUAL        ? order == 0
                 : op == SQL_OP_UNEQUAL    ? order != 0
                 : op == SQL_OP_LESS       ? order < 0
                 : op == SQL_OP_LESS_EQUAL ? order <= 0
                 : op == SQL_OP_GREATER    ? order > 0
                                           : order >= 0;
    return sql_bool(holds);
}

static enum sql_problem between(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value x, from, to;
    SQL_TRY(evaluate(e, n->args[0], &x));
    SQL_TRY(evaluate(e, n->args[1], &from));
    SQL_TRY(evaluate(e, n->args[2], &to));
    struct sql_value above = compared(e->arena, SQL_OP_GREATER_EQUAL, &x, &from), below = compared(e->arena, SQL_OP_LESS_EQUAL, &x, &to);
    if (is_false(&above) || is_false(&below)) *v = sql_bool(false);
    else *v = sql_unknown(&above) || sql_unknown(&below) ? sql_null() : sql_bool(true);
    return SQL_OK;
}

static enum sql_problem in_list(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value x, item;
    bool unknown = false;
    SQL_TRY(evaluate(e, n->args[0], &x));
    for (u32 i = 1; i < n->n; i++) {
        SQL_TRY(evaluate(e, n->args[i], &item));
        struct sql_value same = compared(e->arena, SQL_OP_EQUAL, &x, &item);
        unknown |= sql_unknown(&same);
        if (!is_true(&same)) continue;
        *v = same;
        return SQL_OK;
    }
    *v = unknown ? sql_null() : sql_bool(false);
    return SQL_OK;
}

/* ---- LIKE ---- */

struct pattern {
    str rest;
    u32 escape; /* 0: none */
    bool broken;
};
enum pattern_item { PATTERN_END, PATTERN_ONE, PATTERN_ANY, PATTERN_LITERAL };

static enum pattern_item pattern_next(struct pattern *p, u32 *literal) {
    if (!utf8_next(&p->rest, literal)) return PATTERN_END;
    if (p->escape && *literal == p->escape) {
        if (!utf8_next(&p->rest, literal) || (*literal != '%' && *literal != '_' && *literal != p->escape)) p->broken = true;
        return PATTERN_LITERAL;
    }
    return *literal == '%' ? PATTERN_ANY : *literal == '_' ? PATTERN_ONE : PATTERN_LITERAL;
}

/* The last % takes one character more whenever what follows it does not fit. */
static bool like_matches(str text, struct pattern p, bool *broken) {
    struct pattern after_any = {0};
    str retry = {0};
    u32 literal, seen;
    for (;;) {
        struct pattern next = p;
        enum pattern_item item = pattern_next(&next, &literal);
        *broken = next.broken;
        if (*broken) return false;
        if (item == PATTERN_ANY) {
            p = after_any = next;
            retry = text;
            continue;
        }
        if (item == PATTERN_END && !text.n) return true;
        str rest = text;
        if (item != PATTERN_END && utf8_next(&rest, &seen) && (item == PATTERN_ONE || seen == literal)) {
            text = rest;
            p = next;
            continue;
        }
        if (!retry.p || !utf8_next(&retry, &seen)) return false;
        text = retry;
        p = after_any;
    }
}

static enum sql_problem like(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value text, pattern, escape = {0};
    bool broken = false;
    SQL_TRY(evaluate(e, n->args[0], &text));
    SQL_TRY(evaluate(e, n->args[1], &pattern));
    if (n->n == 3) SQL_TRY(evaluate(e, n->args[2], &escape));
    *v = sql_null();
    if (sql_unknown(&text) || sql_unknown(&pattern)) return SQL_OK;
    if (text.kind != SQL_TEXT || pattern.kind != SQL_TEXT) return SQL_LIKE_INVALID_INPUTS;
    struct pattern p = {.rest = pattern.text};
    if (n->n == 3) {
        str character = escape.text;
        if (escape.kind != SQL_TEXT || !utf8_next(&character, &p.escape) || character.n) return SQL_LIKE_INVALID_INPUTS;
    }
    *v = sql_bool(like_matches(text.text, p, &broken));
    return broken ? SQL_LIKE_INVALID_INPUTS : SQL_OK;
}

/* ---- numbers ---- */

static enum sql_problem number_of(const struct sql_value *v, struct sql_value *number) {
    *number = *v;
    if (v->kind == SQL_TEXT && v->loose && sql_read_number(v->text, number)) return SQL_OK;
    return sql_number(v) ? SQL_OK : SQL_FUNCTION_ARGUMENT_TYPE;
}

static enum sql_problem whole(enum sql_op op, i64 x, i64 y, struct sql_value *v) {
    i64 result = 0;
    bool over = false;
    if ((op == SQL_OP_DIVIDE || op == SQL_OP_MODULO) && (!y || (x == INT64_MIN && y == -1))) return y ? SQL_INTEGER_OVERFLOW : SQL_FUNCTION_ARGUMENT;
    if (op == SQL_OP_ADD) over = __builtin_add_overflow(x, y, &result);
    else if (op == SQL_OP_SUBTRACT) over = __builtin_sub_overflow(x, y, &result);
    else if (op == SQL_OP_MULTIPLY) over = __builtin_mul_overflow(x, y, &result);
    else result = op == SQL_OP_DIVIDE ? x / y : x % y;
    *v = sql_int(result);
    return over ? SQL_INTEGER_OVERFLOW : SQL_OK;
}

static enum sql_problem calculate(enum sql_op op, const struct sql_value *left, const struct sql_value *right, struct sql_value *v) {
    struct sql_value x, y;
    SQL_TRY(number_of(left, &x));
    SQL_TRY(number_of(right, &y));
    if (x.kind == SQL_INT && y.kind == SQL_INT) return whole(op, x.integer, y.integer, v);
    double a = sql_real(&x), b = sql_real(&y);
    if ((op == SQL_OP_DIVIDE || op == SQL_OP_MODULO) && b == 0) return SQL_FUNCTION_ARGUMENT;
    *v = sql_float(op == SQL_OP_ADD        ? a + b
                   : op == SQL_OP_SUBTRACT ? a - b
                   : op == SQL_OP_MULTIPLY ? a * b
                   : op == SQL_OP_DIVIDE   ? a / b
                                           : fmod(a, b));
    return SQL_OK;
}

/* ---- functions of texts ---- */

static bool text_of(const struct sql_value *v, str *text) {
    *text = v->text;
    return v->kind == SQL_TEXT;
}

static struct sql_value changed_case(struct arena *a, str text, bool upper) {
    char *out = arena_alloc(a, text.n + 1, 1);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
        out[i] = letter ? (char)(c ^ 0x20) : c;
    }
    return sql_text((str){out, text.n});
}

/* Characters count from 1; what lies before the first is counted and not there. */
static enum sql_problem substring(const struct sql_value *args, u32 n, struct sql_value *v) {
    struct sql_value from, count = sql_int(INT32_MAX);
    str text;
    if (!text_of(&args[0], &text)) return SQL_FUNCTION_ARGUMENT_TYPE;
    SQL_TRY(number_of(&args[1], &from));
    if (n == 3) SQL_TRY(number_of(&args[2], &count));
    if (from.kind != SQL_INT || count.kind != SQL_INT) return SQL_FUNCTION_ARGUMENT_TYPE;
    if (count.integer < 0) return SQL_FUNCTION_ARGUMENT;
    i64 begin = MAX(MIN(from.integer, (i64)INT32_MAX), (i64)INT32_MIN), end = begin + MIN(count.integer, (i64)INT32_MAX), at = 1;
    const char *first = NULL;
    u32 character;
    str rest = text;
    for (; rest.n && at < end; at++) {
        if (at >= begin && !first) first = rest.p;
        if (!utf8_next(&rest, &character)) break;
    }
    *v = sql_text(first ? (str){first, (size_t)(rest.p - first)} : S(""));
    return SQL_OK;
}

static bool contains(str characters, u32 wanted) {
    u32 c;
    while (utf8_next(&characters, &c))
        if (c == wanted) return true;
    return false;
}

static enum sql_problem trim(const struct sql_node *n, const struct sql_value *args, struct sql_value *v) {
    str text, characters;
    u32 c;
    if (!text_of(&args[0], &text) || !text_of(&args[1], &characters)) return SQL_FUNCTION_ARGUMENT_TYPE;
    if (n->detail != SQL_TRIM_TRAILING)
        for (str rest = text; utf8_next(&rest, &c) && contains(characters, c);) text = rest;
    while (n->detail != SQL_TRIM_LEADING && text.n) {
        size_t start = text.n - 1;
        while (start && (text.p[start] & 0xc0) == 0x80) start--;
        str last = str_skip(text, start);
        if (!utf8_next(&last, &c) || !contains(characters, c)) break;
        text = str_take(text, start);
    }
    *v = sql_text(text);
    return SQL_OK;
}

/* ---- functions of dates ---- */

static enum sql_problem time_of(const struct sql_value *v, struct sql_time *t) {
    if (v->kind == SQL_TIME) *t = v->time;
    else if (!v->loose || !sql_time_read(v->text, t)) return SQL_FUNCTION_ARGUMENT_TYPE;
    return SQL_OK;
}

static enum sql_problem date_function(struct evaluation *e, const struct sql_node *n, const struct sql_value *args, struct sql_value *v) {
    enum { PATTERN_SHOWN_MAX = 64 << 10 };
    struct sql_time t, other;
    struct sql_value quantity;
    struct buf shown = buf_new(e->arena, PATTERN_SHOWN_MAX);
    enum sql_part part = (enum sql_part)n->detail;
    if (n->op == SQL_OP_TO_TIMESTAMP) {
        *v = (struct sql_value){.kind = SQL_TIME};
        if (args[0].kind != SQL_TEXT) return SQL_FUNCTION_ARGUMENT_TYPE;
        return sql_time_read(args[0].text, &v->time) ? SQL_OK : SQL_VALUE_PARSE_FAILURE;
    }
    SQL_TRY(time_of(&args[n->op == SQL_OP_DATE_ADD], &t));
    switch (n->op) {
    case SQL_OP_EXTRACT: *v = sql_int(sql_time_part(&t, part)); return SQL_OK;
    case SQL_OP_DATE_DIFF:
        SQL_TRY(time_of(&args[1], &other));
        *v = sql_int(sql_time_difference(part, &t, &other));
        return SQL_OK;
    case SQL_OP_DATE_ADD:
        SQL_TRY(number_of(&args[0], &quantity));
        if (quantity.kind != SQL_INT) return SQL_FUNCTION_ARGUMENT_TYPE;
        if (!sql_time_add(&t, part, quantity.integer)) return SQL_FUNCTION_ARGUMENT;
        *v = (struct sql_value){.kind = SQL_TIME, .time = t};
        return SQL_OK;
    default: break; /* TO_STRING */
    }
    if (args[1].kind != SQL_TEXT) return SQL_FUNCTION_ARGUMENT_TYPE;
    if (!sql_time_format(&shown, &t, args[1].text) || shown.over) return SQL_TIME_PATTERN;
    *v = sql_text(shown.n ? buf_str(&shown) : S(""));
    return SQL_OK;
}

/* ---- all that takes its arguments' values, none of them unknown ---- */

static enum sql_problem apply(struct evaluation *e, const struct sql_node *n, const struct sql_value *args, struct sql_value *v) {
    str text, more;
    switch (n->op) {
    case SQL_OP_NOT: *v = sql_bool(!is_true(&args[0])); return SQL_OK;
    case SQL_OP_NEGATE: {
        struct sql_value zero = sql_int(0);
        return calculate(SQL_OP_SUBTRACT, &zero, &args[0], v);
    }
    case SQL_OP_CONCAT:
        if (!text_of(&args[0], &text) || !text_of(&args[1], &more)) return SQL_FUNCTION_ARGUMENT_TYPE;
        *v = sql_text(arena_concat(e->arena, text, more));
        return SQL_OK;
    case SQL_OP_ADD:
    case SQL_OP_SUBTRACT:
    case SQL_OP_MULTIPLY:
    case SQL_OP_DIVIDE:
    case SQL_OP_MODULO: return calculate((enum sql_op)n->op, &args[0], &args[1], v);
    case SQL_OP_LENGTH:
        if (!text_of(&args[0], &text)) return SQL_FUNCTION_ARGUMENT_TYPE;
        *v = sql_int((i64)utf8_length(text));
        return SQL_OK;
    case SQL_OP_LOWER:
    case SQL_OP_UPPER:
        if (!text_of(&args[0], &text)) return SQL_FUNCTION_ARGUMENT_TYPE;
        *v = changed_case(e->arena, text, n->op == SQL_OP_UPPER);
        return SQL_OK;
    case SQL_OP_SUBSTRING: return substring(args, n->n, v);
    case SQL_OP_TRIM: return trim(n, args, v);
    default: return date_function(e, n, args, v);
    }
}

static enum sql_problem strict(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    enum { STRICT_ARGS_MAX = 3 };
    struct sql_value args[STRICT_ARGS_MAX];
    bool null = false, missing = false;
    ASSERT(n->n <= STRICT_ARGS_MAX);
    for (u32 i = 0; i < n->n; i++) {
        SQL_TRY(evaluate(e, n->args[i], &args[i]));
        null |= args[i].kind == SQL_NULL;
        missing |= args[i].kind == SQL_MISSING;
    }
    if (null || missing) {
        *v = missing && n->op != SQL_OP_NOT ? (struct sql_value){0} : sql_null();
        return SQL_OK;
    }
    return apply(e, n, args, v);
}

/* ---- the rest ---- */

static enum sql_problem case_of(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    u32 i = 0;
    for (; i + 1 < n->n; i += 2) {
        SQL_TRY(evaluate(e, n->args[i], v));
        if (is_true(v)) return evaluate(e, n->args[i + 1], v);
    }
    if (i < n->n) return evaluate(e, n->args[i], v);
    *v = sql_null();
    return SQL_OK;
}

static enum sql_problem choose(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value other;
    int order;
    if (n->op == SQL_OP_COALESCE) {
        for (u32 i = 0; i < n->n; i++) {
            SQL_TRY(evaluate(e, n->args[i], v));
            if (!sql_unknown(v)) return SQL_OK;
        }
        *v = sql_null();
        return SQL_OK;
    }
    SQL_TRY(evaluate(e, n->args[0], v));
    SQL_TRY(evaluate(e, n->args[1], &other));
    if (!sql_unknown(v) && !sql_unknown(&other) && sql_compare(e->arena, v, &other, &order) && order == 0) *v = sql_null();
    return SQL_OK;
}

static struct sql_value aggregated(const struct sql_aggregate *a) {
    if (a->what == SQL_COUNT) return sql_int(a->count);
    if (!a->count) return sql_null();
    return a->what == SQL_AVG ? sql_float(sql_real(&a->result) / (double)a->count) : a->result;
}

static enum sql_problem evaluate(struct evaluation *e, const struct sql_node *n, struct sql_value *v) {
    struct sql_value x, y;
    switch (n->op) {
    case SQL_OP_VALUE: *v = n->value; return SQL_OK;
    case SQL_OP_PATH: return follow(e, &n->path, v);
    case SQL_OP_OR:
    case SQL_OP_AND: return logic(e, n, v);
    case SQL_OP_EQUAL:
    case SQL_OP_UNEQUAL:
    case SQL_OP_LESS:
    case SQL_OP_LESS_EQUAL:
    case SQL_OP_GREATER:
    case SQL_OP_GREATER_EQUAL:
        SQL_TRY(evaluate(e, n->args[0], &x));
        SQL_TRY(evaluate(e, n->args[1], &y));
        *v = compared(e->arena, (enum sql_op)n->op, &x, &y);
        return SQL_OK;
    case SQL_OP_BETWEEN: return between(e, n, v);
    case SQL_OP_IN: return in_list(e, n, v);
    case SQL_OP_LIKE: return like(e, n, v);
    case SQL_OP_IS_NULL:
    case SQL_OP_IS_MISSING:
        SQL_TRY(evaluate(e, n->args[0], &x));
        *v = sql_bool(n->op == SQL_OP_IS_NULL ? sql_unknown(&x) : x.kind == SQL_MISSING);
        return SQL_OK;
    case SQL_OP_CASE: return case_of(e, n, v);
    case SQL_OP_CAST: SQL_TRY(evaluate(e, n->args[0], &x)); return sql_cast(e->arena, &x, (enum sql_type)n->detail, v);
    case SQL_OP_AGGREGATE: *v = aggregated(&e->query->aggregates[n->detail]); return SQL_OK;
    case SQL_OP_COALESCE:
    case SQL_OP_NULLIF: return choose(e, n, v);
    case SQL_OP_UTCNOW: *v = (struct sql_value){.kind = SQL_TIME, .time = {.ms = e->query->now_ms, .precision = SQL_FRACTION}}; return SQL_OK;
    default: return strict(e, n, v);
    }
}

/* ---- what a query asks of a record ---- */

enum sql_problem sql_matches(struct sql_query *q, struct arena *a, const struct sql_record *r, bool *matches) {
    struct evaluation e = {.query = q, .arena = a, .record = r};
    struct sql_value v = sql_bool(true);
    if (q->where) SQL_TRY(evaluate(&e, q->where, &v));
    *matches = is_true(&v);
    return SQL_OK;
}

enum sql_problem sql_project(struct sql_query *q, struct arena *a, const struct sql_record *r, struct sql_value *items) {
    struct evaluation e = {.query = q, .arena = a, .record = r};
    for (u32 i = 0; i < q->item_count; i++) SQL_TRY(evaluate(&e, q->items[i].value, &items[i]));
    return SQL_OK;
}

/* What is kept may not point into the record. */
static enum sql_problem gather(struct sql_aggregate *to, struct arena *a, const struct sql_value *value) {
    struct sql_value v;
    int order = 0;
    if (value->kind == SQL_TIME && (to->what == SQL_MIN || to->what == SQL_MAX)) v = *value;
    else SQL_TRY(number_of(value, &v));
    v.text = (str){0};
    bool first = to->count++ == 0;
    if (first) to->result = v;
    else if (to->what == SQL_SUM || to->what == SQL_AVG) return calculate(SQL_OP_ADD, &to->result, &v, &to->result);
    else if (!sql_compare(a, &v, &to->result, &order)) return SQL_FUNCTION_ARGUMENT_TYPE;
    else if (to->what == SQL_MIN ? order < 0 : order > 0) to->result = v;
    return SQL_OK;
}

enum sql_problem sql_gather(struct sql_query *q, struct arena *a, const struct sql_record *r) {
    struct evaluation e = {.query = q, .arena = a, .record = r};
    for (u32 i = 0; i < q->aggregate_count; i++) {
        struct sql_aggregate *to = &q->aggregates[i];
        struct sql_value v = sql_bool(true);
        if (to->of) SQL_TRY(evaluate(&e, to->of, &v));
        if (sql_unknown(&v)) continue;
        if (to->what == SQL_COUNT) to->count++;
        else SQL_TRY(gather(to, a, &v));
    }
    return SQL_OK;
}
