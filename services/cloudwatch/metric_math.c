#include "metric_math.h"

#include <math.h>

struct reader {
    struct arena *arena;
    str rest;
    const struct math_world *world;
    str problem; /* the first one */
    int depth;
    size_t memory_max; /* of the arena */
};

static bool wrong(struct reader *r, str problem) {
    if (!r->problem.p) r->problem = problem;
    return false;
}

static void blanks(struct reader *r) {
    while (r->rest.n && (*r->rest.p == ' ' || *r->rest.p == '\t' || *r->rest.p == '\n' || *r->rest.p == '\r')) r->rest = str_skip(r->rest, 1);
}

static bool take(struct reader *r, const char *token) {
    blanks(r);
    str t = str_of(token);
    if (!str_starts(r->rest, t)) return false;
    r->rest = str_skip(r->rest, t.n);
    return true;
}

static bool is_word(char ch) { return ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') || ch == '_'; }

static str word(struct reader *r) {
    size_t n = 0;
    blanks(r);
    while (n < r->rest.n && is_word(r->rest.p[n])) n++;
    str w = str_take(r->rest, n);
    r->rest = str_skip(r->rest, n);
    return w;
}

static bool take_word(struct reader *r, const char *token) {
    str before = r->rest;
    if (str_eq_nocase(word(r), str_of(token))) return true;
    r->rest = before;
    return false;
}

static struct math_value scalar(double v) { return (struct math_value){.type = MATH_SCALAR, .scalar = v}; }

static struct series series_new(struct arena *a, u32 max, const struct series *like) {
    struct series s = {.at = NEW_ARRAY(a, i64, max + 1), .v = NEW_ARRAY(a, double, max + 1)};
    if (like) s.period_ms = like->period_ms, s.id = like->id;
    return s;
}

static struct math_value one_series(struct arena *a, struct series s) {
    struct math_value v = {.type = MATH_SERIES, .v = NEW(a, struct series), .n = 1};
    v.v[0] = s;
    return v;
}

/* A result that is no number is no datapoint. */
static void push(struct series *s, i64 at, double v) {
    if (!isfinite(v)) return;
    s->at[s->n] = at;
    s->v[s->n++] = v;
}

/* ---- operators ---- */

enum operator { OP_ADD, OP_SUBTRACT, OP_MULTIPLY, OP_DIVIDE, OP_POWER, OP_EQ, OP_NE, OP_LE, OP_GE, OP_LT, OP_GT, OP_AND, OP_OR };

static double apply(u8 op, double x, double y) {
    switch (op) {
    case OP_ADD: return x + y;
    case OP_SUBTRACT: return x - y;
    case OP_MULTIPLY: return x * y;
    case OP_DIVIDE: return y == 0 ? NAN : x / y;
    case OP_POWER: return pow(x, y);
    case OP_EQ: return x == y;
    case OP_NE: return x != y;
    case OP_LE: return x <= y;
    case OP_GE: return x >= y;
    case OP_LT: return x < y;
    case OP_GT: return x > y;
    case OP_AND: return x != 0 && y != 0;
    default: return x != 0 || y != 0;
    }
}

static struct series combine(struct arena *a, u8 op, const struct math_value *x, u32 xi, const struct math_value *y, u32 yi) {
    const struct series *s = x->type == MATH_SCALAR ? NULL : &x->v[xi], *t = y->type == MATH_SCALAR ? NULL : &y->v[yi];
    ASSERT(s || t);
    struct series out = series_new(a, s ? s->n : t->n, s ? s : t);
    if (!s || !t) {
        for (u32 i = 0; s && i < s->n; i++) push(&out, s->at[i], apply(op, s->v[i], y->scalar));
        for (u32 i = 0; t && i < t->n; i++) push(&out, t->at[i], apply(op, x->scalar, t->v[i]));
        return out;
    }
    for (u32 i = 0, j = 0; i < s->n && j < t->n;) {
        if (s->at[i] < t->at[j]) i++;
        else if (s->at[i] > t->at[j]) j++;
        else {
            push(&out, s->at[i], apply(op, s->v[i], t->v[j]));
            i++;
            j++;
        }
    }
    return out;
}

static bool operate(struct reader *r, u8 op, struct math_value *x, const struct math_value *y) {
    if (r->arena->allocated > r->memory_max) return wrong(r, S("The expression has too many datapoints"));
    if (x->type == MATH_SCALAR && y->type == MATH_SCALAR) {
        x->scalar = apply(op, x->scalar, y->scalar);
        return true;
    }
    if (x->type == MATH_ARRAY && y->type == MATH_ARRAY && x->n != y->n) return wrong(r, S("The arrays of an operation must be of the same size"));
    bool array = x->type == MATH_ARRAY || y->type == MATH_ARRAY;
    u32 n = x->type == MATH_ARRAY ? x->n : y->type == MATH_ARRAY ? y->n : 1;
    struct math_value out = {.type = array ? MATH_ARRAY : MATH_SERIES, .v = NEW_ARRAY(r->arena, struct series, n + 1), .n = n};
    for (u32 i = 0; i < n; i++) out.v[i] = combine(r->arena, op, x, x->type == MATH_ARRAY ? i : 0, y, y->type == MATH_ARRAY ? i : 0);
    *x = out;
    return true;
}

/* ---- functions of each value of each series ---- */

static double value_abs(double v) { return fabs(v); }
static const struct {
    const char *name;
    double (*of)(double v);
} each_value[] = {{"ABS", value_abs}, {"CEIL", ceil}, {"FLOOR", floor}, {"LOG", log}, {"LOG10", log10}};

/* ---- functions over time: a series from each series ---- */

static struct series over_time(struct arena *a, str name, const struct series *s) {
    struct series out = series_new(a, s->n, s);
    double sum = 0;
    for (u32 i = 0; i < s->n; i++) {
        double seconds = i ? (double)(s->at[i] - s->at[i - 1]) / 1000 : 0;
        sum += s->v[i];
        if (str_eq(name, S("RUNNING_SUM"))) push(&out, s->at[i], sum);
        else if (str_eq(name, S("DIFF")) && i) push(&out, s->at[i], s->v[i] - s->v[i - 1]);
        else if (str_eq(name, S("DIFF_TIME")) && i) push(&out, s->at[i], seconds);
        else if (str_eq(name, S("RATE")) && i) push(&out, s->at[i], (s->v[i] - s->v[i - 1]) / seconds);
    }
    return out;
}

/* ---- functions that make one of many: a number of a series, a series of an array ---- */

struct summary {
    double n, sum, squares, min, max;
};

static void summary_add(struct summary *s, double v) {
    s->min = s->n == 0 ? v : MIN(s->min, v);
    s->max = s->n == 0 ? v : MAX(s->max, v);
    s->n++;
    s->sum += v;
    s->squares += v * v;
}

static double summary_of(const struct summary *s, str name) {
    if (str_eq(name, S("SUM"))) return s->sum;
    if (str_eq(name, S("AVG"))) return s->sum / s->n;
    if (str_eq(name, S("MIN"))) return s->min;
    if (str_eq(name, S("MAX"))) return s->max;
    if (str_eq(name, S("STDDEV"))) return sqrt(MAX(0, s->squares / s->n - (s->sum / s->n) * (s->sum / s->n)));
    return s->n; /* DATAPOINT_COUNT */
}

static struct math_value across(struct arena *a, str name, const struct math_value *x) {
    u32 total = 0, *at = NEW_ARRAY(a, u32, x->n + 1);
    for (u32 i = 0; i < x->n; i++) total += x->v[i].n;
    struct series out = series_new(a, total, x->n ? &x->v[0] : NULL);
    for (;;) {
        struct summary sum = {0};
        i64 next = INT64_MAX;
        for (u32 i = 0; i < x->n; i++)
            if (at[i] < x->v[i].n) next = MIN(next, x->v[i].at[at[i]]);
        if (next == INT64_MAX) return one_series(a, out);
        for (u32 i = 0; i < x->n; i++)
            if (at[i] < x->v[i].n && x->v[i].at[at[i]] == next) summary_add(&sum, x->v[i].v[at[i]++]);
        push(&out, next, summary_of(&sum, name));
    }
}

static bool summarise(struct reader *r, str name, struct math_value *x) {
    if (x->type == MATH_ARRAY) {
        *x = across(r->arena, name, x);
        return true;
    }
    struct summary sum = {0};
    for (u32 i = 0; x->type == MATH_SERIES && i < x->v->n; i++) summary_add(&sum, x->v->v[i]);
    if (x->type == MATH_SCALAR) summary_add(&sum, x->scalar);
    double v = summary_of(&sum, name);
    *x = scalar(isfinite(v) ? v : 0);
    return true;
}

/* ---- FILL, TIME_SERIES, IF ---- */

static bool timeline(struct reader *r, i64 period_ms, i64 *from, u32 *n) {
    const struct math_world *w = r->world;
    if (period_ms <= 0) return wrong(r, S("The expression has no period"));
    *from = w->from_ms - w->from_ms % period_ms;
    i64 count = w->to_ms > *from ? (w->to_ms - *from + period_ms - 1) / period_ms : 0;
    if (count > MATH_POINTS) return wrong(r, S("The expression has too many datapoints"));
    *n = (u32)count;
    return true;
}

static bool constant(struct reader *r, struct math_value *x) {
    i64 from;
    u32 n;
    if (!timeline(r, r->world->period_ms, &from, &n)) return false;
    struct series s = series_new(r->arena, n, NULL);
    s.period_ms = r->world->period_ms;
    for (u32 i = 0; i < n; i++) push(&s, from + i * s.period_ms, x->scalar);
    *x = one_series(r->arena, s);
    return true;
}

enum fill { FILL_VALUE, FILL_REPEAT, FILL_LINEAR };

static bool fill_one(struct reader *r, struct series *s, u8 how, double with) {
    i64 from;
    u32 n, j = 0;
    i64 period_ms = s->period_ms ? s->period_ms : r->world->period_ms;
    if (!timeline(r, period_ms, &from, &n)) return false;
    struct series out = series_new(r->arena, n + s->n, s);
    for (u32 i = 0; i < n; i++) {
        i64 at = from + i * period_ms;
        for (; j < s->n && s->at[j] < at; j++) {} /* off the timeline: not of this request */
        if (j < s->n && s->at[j] == at) push(&out, at, s->v[j]);
        else if (how == FILL_VALUE) push(&out, at, with);
        else if (how == FILL_REPEAT && j > 0) push(&out, at, s->v[j - 1]);
        else if (how == FILL_LINEAR && j > 0 && j < s->n)
            push(&out, at, s->v[j - 1] + (s->v[j] - s->v[j - 1]) * (double)(at - s->at[j - 1]) / (double)(s->at[j] - s->at[j - 1]));
    }
    *s = out;
    return true;
}

/* True if `at` is there, with its value; a number is there always. */
static bool value_at(const struct math_value *x, i64 at, u32 *position, double *v) {
    *v = x->scalar;
    if (x->type == MATH_SCALAR) return true;
    while (*position < x->v->n && x->v->at[*position] < at) ++*position;
    if (*position == x->v->n || x->v->at[*position] != at) return false;
    *v = x->v->v[*position];
    return true;
}

static bool choose(struct reader *r, struct math_value *x, const struct math_value *yes, const struct math_value *no) {
    if (x->type == MATH_ARRAY || yes->type == MATH_ARRAY || no->type == MATH_ARRAY) return wrong(r, S("IF does not take arrays"));
    if (x->type == MATH_SCALAR) {
        *x = x->scalar != 0 ? *yes : *no;
        return true;
    }
    struct series out = series_new(r->arena, x->v->n, x->v);
    u32 i_yes = 0, i_no = 0;
    for (u32 i = 0; i < x->v->n; i++) {
        double v;
        bool there = x->v->v[i] != 0 ? value_at(yes, x->v->at[i], &i_yes, &v) : value_at(no, x->v->at[i], &i_no, &v);
        if (there) push(&out, x->v->at[i], v);
    }
    *x = one_series(r->arena, out);
    return true;
}

/* ---- reading ---- */

static bool expression(struct reader *r, struct math_value *x);

static bool comma(struct reader *r) { return take(r, ",") || wrong(r, S("Expected ','")); }

static bool function_fill(struct reader *r, struct math_value *x) {
    struct math_value with = {0};
    u8 how = FILL_VALUE;
    if (!expression(r, x) || !comma(r)) return false;
    if (take_word(r, "REPEAT")) how = FILL_REPEAT;
    else if (take_word(r, "LINEAR")) how = FILL_LINEAR;
    else if (!expression(r, &with)) return false;
    if (x->type == MATH_SCALAR || with.type != MATH_SCALAR) return wrong(r, S("FILL takes a metric, and a number, REPEAT or LINEAR"));
    struct math_value out = {.type = x->type, .v = NEW_ARRAY(r->arena, struct series, x->n + 1), .n = x->n};
    for (u32 i = 0; i < x->n; i++) {
        out.v[i] = x->v[i];
        if (!fill_one(r, &out.v[i], how, with.scalar)) return false;
    }
    *x = out;
    return true;
}

static bool function_if(struct reader *r, struct math_value *x) {
    struct math_value yes = {0}, no = {.type = MATH_SERIES, .v = NEW(r->arena, struct series), .n = 1}; /* two arguments: else nothing */
    if (!expression(r, x) || !comma(r) || !expression(r, &yes)) return false;
    if (take(r, ",") && !expression(r, &no)) return false;
    return choose(r, x, &yes, &no);
}

static bool quoted(struct reader *r, str *text) {
    bool single = take(r, "'");
    if (!single && !take(r, "\"")) return wrong(r, S("Expected a string in quotes"));
    size_t end = str_find_char(r->rest, single ? '\'' : '"');
    if (end == STR_NONE) return wrong(r, S("A string does not end"));
    *text = str_take(r->rest, end);
    r->rest = str_skip(r->rest, end + 1);
    return true;
}

static bool at_quote(struct reader *r) {
    blanks(r);
    return r->rest.n && (*r->rest.p == '\'' || *r->rest.p == '"');
}

static bool function_metrics(struct reader *r, struct math_value *x) {
    str part = S(""), problem = {0};
    if (at_quote(r) && !quoted(r, &part)) return false;
    return r->world->metrics(r->world->context, part, x, &problem) || wrong(r, problem);
}

static bool take_number(struct reader *r, double *v) {
    struct math_value x;
    if (!expression(r, &x)) return false;
    if (x.type != MATH_SCALAR) return wrong(r, S("Expected a number"));
    *v = x.scalar;
    return true;
}

static bool function_search(struct reader *r, struct math_value *x) {
    str text, statistic, problem = {0};
    double period_s = 0;
    if (!quoted(r, &text) || !comma(r) || !quoted(r, &statistic)) return false;
    if (take(r, ",") && !take_number(r, &period_s)) return false;
    if (!r->world->search) return wrong(r, S("brume does not have the function SEARCH here"));
    if (!(period_s >= 0 && period_s <= 86400)) return wrong(r, S("The period of a SEARCH is not valid")); /* 1/0 is no number */
    return r->world->search(r->world->context, text, statistic, (i64)period_s, x, &problem) || wrong(r, problem);
}

static bool function_insight(struct reader *r, struct math_value *x) {
    str rule, metric, problem = {0};
    if (!quoted(r, &rule) || !comma(r) || !quoted(r, &metric)) return false;
    if (!r->world->insight) return wrong(r, S("brume does not have the function INSIGHT_RULE_METRIC here"));
    return r->world->insight(r->world->context, rule, metric, x, &problem) || wrong(r, problem);
}

static bool function_band(struct reader *r, struct math_value *x) {
    str problem = {0}, id = word(r);
    double width = 2;
    if (!id.n) return wrong(r, S("ANOMALY_DETECTION_BAND takes the Id of a metric"));
    if (take(r, ",") && !take_number(r, &width)) return false;
    if (!(width > 0)) return wrong(r, S("The width of a band must be greater than 0"));
    if (!r->world->band) return wrong(r, S("brume does not have the function ANOMALY_DETECTION_BAND here"));
    return r->world->band(r->world->context, id, width, x, &problem) || wrong(r, problem);
}

static bool function_slice(struct reader *r, struct math_value *x) {
    double begin, end = 0;
    if (!expression(r, x) || !comma(r) || !take_number(r, &begin)) return false;
    bool one = !take(r, ",");
    if (!one && !take_number(r, &end)) return false;
    return math_slice(x, begin, one ? begin + 1 : end, one) || wrong(r, S("SLICE takes an array, and positions that it has"));
}

#define RANK(name) \
    static double rank_##name(const struct series *s) { \
        struct summary sum = {0}; \
        for (u32 i = 0; i < s->n; i++) summary_add(&sum, s->v[i]); \
        return s->n ? summary_of(&sum, S(#name)) : 0; \
    }
RANK(SUM)
RANK(AVG)
RANK(MIN)
RANK(MAX)
RANK(STDDEV)
static double rank_first(const struct series *s) { return s->n ? s->v[0] : 0; }
static double rank_last(const struct series *s) { return s->n ? s->v[s->n - 1] : 0; }

/* SORT(metrics, MAX, DESC, 3) */
static bool function_sort(struct reader *r, struct math_value *x) {
    static const struct {
        const char *name;
        double (*by)(const struct series *s);
    } ranks[] = {{"SUM", rank_SUM}, {"AVG", rank_AVG}, {"MIN", rank_MIN}, {"MAX", rank_MAX}, {"STDDEV", rank_STDDEV}, {"FIRST", rank_first}, {"LAST", rank_last}};
    double (*by)(const struct series *) = NULL;
    double max = 500;
    if (!expression(r, x) || !comma(r)) return false;
    for (size_t i = 0; i < LENGTH(ranks) && !by; i++)
        if (take_word(r, ranks[i].name)) by = ranks[i].by;
    if (!by || !comma(r)) return wrong(r, S("SORT takes SUM, AVG, MIN, MAX, STDDEV, FIRST or LAST second"));
    bool descends = take_word(r, "DESC");
    if (!descends && !take_word(r, "ASC")) return wrong(r, S("SORT takes ASC or DESC third"));
    if (take(r, ",") && !take_number(r, &max)) return false;
    if (x->type != MATH_ARRAY || !(max >= 1 && max <= 500)) return wrong(r, S("SORT takes an array, and how many to keep"));
    math_sort(r->arena, x, by, descends, (u32)max);
    return true;
}

static bool call_simple(struct reader *r, str name, struct math_value *x) {
    static const char *const summaries[] = {"SUM", "AVG", "MIN", "MAX", "STDDEV", "DATAPOINT_COUNT"}, *const times[] = {"RATE", "DIFF", "DIFF_TIME", "RUNNING_SUM"};
    for (size_t i = 0; i < LENGTH(summaries); i++)
        if (str_eq(name, str_of(summaries[i]))) return summarise(r, name, x);
    bool is_time = false;
    double (*of)(double) = NULL;
    for (size_t i = 0; i < LENGTH(times); i++) is_time |= str_eq(name, str_of(times[i]));
    for (size_t i = 0; i < LENGTH(each_value); i++)
        if (str_eq(name, str_of(each_value[i].name))) of = each_value[i].of;
    if (str_eq(name, S("PERIOD")) && x->type == MATH_SERIES) *x = scalar((double)x->v->period_ms / 1000);
    else if (str_eq(name, S("METRIC_COUNT"))) *x = scalar(x->type == MATH_SCALAR ? 0 : x->n);
    else if (str_eq(name, S("FIRST")) && x->type == MATH_ARRAY && x->n) *x = one_series(r->arena, x->v[0]);
    else if (str_eq(name, S("LAST")) && x->type == MATH_ARRAY && x->n) *x = one_series(r->arena, x->v[x->n - 1]);
    else if (str_eq(name, S("REMOVE_EMPTY")) && x->type == MATH_ARRAY) math_remove_empty(x);
    else if (str_eq(name, S("TIME_SERIES")) && x->type == MATH_SCALAR) return constant(r, x);
    else if (of && x->type == MATH_SCALAR) x->scalar = of(x->scalar);
    else if ((is_time || of || math_is_calendar(name)) && x->type != MATH_SCALAR) {
        struct math_value out = {.type = x->type, .v = NEW_ARRAY(r->arena, struct series, x->n + 1), .n = x->n};
        for (u32 i = 0; i < x->n; i++) {
            out.v[i] = is_time ? over_time(r->arena, name, &x->v[i]) : series_new(r->arena, x->v[i].n, &x->v[i]);
            for (u32 j = 0; !is_time && j < x->v[i].n; j++) push(&out.v[i], x->v[i].at[j], of ? of(x->v[i].v[j]) : math_calendar(name, x->v[i].at[j]));
        }
        *x = out;
    } else return wrong(r, arena_format(r->arena, "brume does not have the function %.*s for such an argument (yet)", STR_ARGS(name)));
    return true;
}

static bool known(str name) {
    static const char *const names[] = {"SUM", "AVG", "MIN", "MAX", "STDDEV", "DATAPOINT_COUNT", "RATE", "DIFF", "DIFF_TIME", "RUNNING_SUM", "PERIOD",
                                        "METRIC_COUNT", "FIRST", "LAST", "TIME_SERIES", "REMOVE_EMPTY", "ABS", "CEIL", "FLOOR", "LOG", "LOG10"};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(name, str_of(names[i]))) return true;
    return math_is_calendar(name);
}

static bool function(struct reader *r, str name, struct math_value *x) {
    bool done;
    char *upper = arena_c_string(r->arena, name);
    for (size_t i = 0; i < name.n; i++)
        if (upper[i] >= 'a' && upper[i] <= 'z') upper[i] -= 32;
    name = str_of(upper);
    if (str_eq(name, S("FILL"))) done = function_fill(r, x);
    else if (str_eq(name, S("IF"))) done = function_if(r, x);
    else if (str_eq(name, S("METRICS"))) done = function_metrics(r, x);
    else if (str_eq(name, S("SEARCH"))) done = function_search(r, x);
    else if (str_eq(name, S("ANOMALY_DETECTION_BAND"))) done = function_band(r, x);
    else if (str_eq(name, S("INSIGHT_RULE_METRIC"))) done = function_insight(r, x);
    else if (str_eq(name, S("SLICE"))) done = function_slice(r, x);
    else if (str_eq(name, S("SORT"))) done = function_sort(r, x);
    else if (known(name)) done = expression(r, x) && call_simple(r, name, x);
    else return wrong(r, arena_format(r->arena, "brume does not have the function %.*s (yet)", STR_ARGS(name)));
    return done && (take(r, ")") || wrong(r, S("Expected ')'")));
}

static bool array(struct reader *r, struct math_value *x) {
    struct math_value item, out = {.type = MATH_ARRAY, .v = NEW_ARRAY(r->arena, struct series, 500)};
    do {
        if (!expression(r, &item)) return false;
        if (item.type == MATH_SCALAR || out.n + item.n > 500) return wrong(r, S("An array holds metrics, at most 500"));
        for (u32 i = 0; i < item.n; i++) out.v[out.n++] = item.v[i];
    } while (take(r, ","));
    *x = out;
    return take(r, "]") || wrong(r, S("Expected ']'"));
}

static bool number(struct reader *r, struct math_value *x) {
    size_t n = 0;
    while (n < r->rest.n && ((r->rest.p[n] >= '0' && r->rest.p[n] <= '9') || r->rest.p[n] == '.' ||
                             ((r->rest.p[n] | 32) == 'e' && n) || ((r->rest.p[n] == '+' || r->rest.p[n] == '-') && n && (r->rest.p[n - 1] | 32) == 'e')))
        n++;
    *x = scalar(0);
    bool ok = n && str_to_f64(str_take(r->rest, n), &x->scalar);
    r->rest = str_skip(r->rest, n);
    return ok || wrong(r, S("Not a number"));
}

static bool primary(struct reader *r, struct math_value *x) {
    blanks(r);
    if (take(r, "(")) return expression(r, x) && (take(r, ")") || wrong(r, S("Expected ')'")));
    if (take(r, "[")) return array(r, x);
    if (r->rest.n && ((*r->rest.p >= '0' && *r->rest.p <= '9') || *r->rest.p == '.')) return number(r, x);
    str name = word(r), problem = {0};
    if (!name.n) return wrong(r, r->rest.n ? arena_format(r->arena, "Unexpected '%.*s'", STR_ARGS(str_take(r->rest, 1))) : S("The expression is incomplete"));
    if (take(r, "(")) return function(r, name, x);
    return r->world->named(r->world->context, name, x, &problem) || wrong(r, problem);
}

static bool unary(struct reader *r, struct math_value *x) {
    bool minus = false;
    for (;;) {
        if (take(r, "-")) minus = !minus;
        else if (!take(r, "+")) break;
    }
    if (!primary(r, x)) return false;
    if (take(r, "^")) {
        struct math_value power;
        if (++r->depth > MATH_DEPTH) return wrong(r, S("The expression is nested too deeply"));
        if (!unary(r, &power) || !operate(r, OP_POWER, x, &power)) return false;
        r->depth--;
    }
    struct math_value factor = scalar(-1);
    return !minus || operate(r, OP_MULTIPLY, x, &factor);
}

/* By how tightly they bind; within a level, longer words first. */
static const struct {
    int level;
    const char *token;
    u8 op;
} operators[] = {{0, "||", OP_OR}, {0, "OR", OP_OR}, {1, "&&", OP_AND}, {1, "AND", OP_AND}, {2, "==", OP_EQ}, {2, "!=", OP_NE}, {2, "<=", OP_LE}, {2, ">=", OP_GE}, {2, "<", OP_LT},
                 {2, ">", OP_GT}, {3, "+", OP_ADD}, {3, "-", OP_SUBTRACT}, {4, "*", OP_MULTIPLY}, {4, "/", OP_DIVIDE}};

static bool take_operator(struct reader *r, int level, u8 *op) {
    for (size_t i = 0; i < LENGTH(operators); i++) {
        bool letters = operators[i].token[0] == 'O' || operators[i].token[0] == 'A';
        if (operators[i].level != level || !(letters ? take_word(r, operators[i].token) : take(r, operators[i].token))) continue;
        *op = operators[i].op;
        return true;
    }
    return false;
}

static bool binary(struct reader *r, int level, struct math_value *x) {
    u8 op;
    if (level == 5) return unary(r, x);
    if (!binary(r, level + 1, x)) return false;
    while (take_operator(r, level, &op)) {
        struct math_value y;
        if (!binary(r, level + 1, &y) || !operate(r, op, x, &y)) return false;
    }
    return true;
}

static bool expression(struct reader *r, struct math_value *x) {
    *x = (struct math_value){0};
    if (++r->depth > MATH_DEPTH) return wrong(r, S("The expression is nested too deeply"));
    if (r->arena->allocated > r->memory_max) return wrong(r, S("The expression has too many datapoints"));
    bool done = binary(r, 0, x);
    r->depth--;
    return done;
}

bool math_evaluate(struct arena *a, str text, const struct math_world *world, struct math_value *value, str *problem) {
    struct reader r = {.arena = a, .rest = text, .world = world, .memory_max = a->allocated + MATH_MEMORY};
    bool done = expression(&r, value);
    blanks(&r);
    if (done && r.rest.n) done = wrong(&r, arena_format(a, "Unexpected '%.*s'", STR_ARGS(str_take(r.rest, 1))));
    *problem = r.problem;
    return done;
}
