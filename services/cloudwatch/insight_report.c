/* A report: who contributed how much in a time, worked out when it is asked for. Reads the lines of a rule's groups, or what a
 * service has kept. */
#include "insight.h"

#include <stdlib.h>

#include "text/tree.h"

enum { CONTRIBUTORS_DEFAULT = 10, CONTRIBUTORS_MOST = 100, PERIODS_MAX = 1440, DISTINCT_MAX = 100000, CELLS_MAX = 1000000 };

struct contributor {
    str keys;
    double total, most; /* most: of a period */
};
struct cell { /* of a contributor in a period */
    u32 contributor, period;
    double value;
};
struct moment {
    double unique, most, count, sum, min, max;
};
struct report {
    struct call *c;
    const struct insight_rule *rule; /* of logs; NULL: a service's */
    i64 from_ms, to_ms, period_ms;
    u32 periods;
    struct contributor *v;
    u32 n;
    struct cell *cells;
    u32 cell_count;
    u32 *slots, *cell_slots; /* hash tables: index + 1 */
    u32 slot_size, cell_size; /* powers of two */
    struct moment *moments;
    double total;
    struct arena scratch; /* of a line */
};

/* ---- two hash tables that grow: contributors by keys, cells by contributor and period ---- */

static void grow(struct arena *a, void **v, u32 n, size_t size) {
    if (n & (n - 1) || n < 16) {
        if (n) return;
        *v = arena_alloc_array(a, 16, size, 16);
        return;
    }
    void *more = arena_alloc_array(a, 2 * (size_t)n, size, 16);
    memcpy(more, *v, n * size);
    *v = more;
}

static u64 cell_hash(u32 contributor, u32 period) { return (((u64)contributor << 32 | period) + 1) * 0x9e3779b97f4a7c15u; }
static u64 hash_of(const struct report *r, bool cells, u32 i) { return cells ? cell_hash(r->cells[i].contributor, r->cells[i].period) : str_hash(r->v[i].keys); }

static void index_again(struct report *r, bool cells) {
    u32 n = cells ? r->cell_count : r->n, **slots = cells ? &r->cell_slots : &r->slots, *size = cells ? &r->cell_size : &r->slot_size;
    if (*size > 2 * n) return;
    *size = *size ? *size * 4 : 256;
    *slots = NEW_ARRAY(r->c->arena, u32, *size);
    memset(*slots, 0, *size * sizeof **slots);
    for (u32 i = 0; i < n; i++) {
        u32 at = (u32)(hash_of(r, cells, i) >> 20) & (*size - 1);
        while ((*slots)[at]) at = (at + 1) & (*size - 1);
        (*slots)[at] = i + 1;
    }
}

/* False: there are too many to tell apart. */
static bool contributor_of(struct report *r, str keys, u32 *found) {
    index_again(r, false);
    u32 at = (u32)(str_hash(keys) >> 20) & (r->slot_size - 1);
    for (; r->slots[at]; at = (at + 1) & (r->slot_size - 1)) {
        *found = r->slots[at] - 1;
        if (str_eq(r->v[*found].keys, keys)) return true;
    }
    if (r->n == DISTINCT_MAX) return false;
    grow(r->c->arena, (void **)&r->v, r->n, sizeof *r->v);
    r->v[r->n] = (struct contributor){.keys = arena_str(r->c->arena, keys)};
    *found = r->n;
    r->slots[at] = ++r->n;
    return true;
}

static struct cell *cell_of(struct report *r, u32 contributor, u32 period) {
    index_again(r, true);
    u32 at = (u32)(cell_hash(contributor, period) >> 20) & (r->cell_size - 1);
    for (; r->cell_slots[at]; at = (at + 1) & (r->cell_size - 1)) {
        struct cell *x = &r->cells[r->cell_slots[at] - 1];
        if (x->contributor == contributor && x->period == period) return x;
    }
    if (r->cell_count == CELLS_MAX) return NULL;
    grow(r->c->arena, (void **)&r->cells, r->cell_count, sizeof *r->cells);
    r->cells[r->cell_count] = (struct cell){.contributor = contributor, .period = period};
    r->cell_slots[at] = ++r->cell_count;
    r->moments[period].unique++;
    return &r->cells[r->cell_count - 1];
}

/* ---- gathering ---- */

static void add(void *context, const struct contribution *x) {
    struct report *r = context;
    u32 who, period = (u32)((x->at_ms - r->from_ms) / r->period_ms);
    if (x->at_ms < r->from_ms || period >= r->periods) return;
    struct moment *m = &r->moments[period];
    double each = x->count > 0 ? x->value / x->count : x->value; /* of a service's minutes the single values are not known */
    m->min = m->count > 0 ? MIN(m->min, each) : each;
    m->max = m->count > 0 ? MAX(m->max, each) : each;
    m->count += x->count;
    m->sum += x->value;
    r->total += x->value;
    if (!contributor_of(r, x->keys, &who)) return;
    r->v[who].total += x->value;
    struct cell *cell = cell_of(r, who, period);
    if (!cell) return;
    cell->value += x->value;
    r->v[who].most = MAX(r->v[who].most, cell->value);
    m->most = MAX(m->most, cell->value);
}

static void add_line(void *context, i64 time_ms, str line) {
    struct report *r = context;
    struct contribution x = {.at_ms = time_ms, .count = 1};
    if (insight_rule_line(&r->scratch, r->rule, line, &x.keys, &x.value)) add(r, &x);
    arena_reset(&r->scratch);
}

static err gather(struct report *r, const struct insight *i) {
    if (i->subject.p) {
        contributors_read(r->c, i->subject, r->from_ms, r->to_ms, add, r);
        return NULL;
    }
    err e = NULL;
    for (u32 s = 0; s < i->spans.n && !e; s++) {
        i64 from = MAX(r->from_ms, i->spans.v[s].from_ms), to = MIN(r->to_ms, i->spans.v[s].to_ms ? i->spans.v[s].to_ms : INT64_MAX);
        for (u32 g = 0; g < r->rule->group_count && from < to && !e; g++) e = contributor_lines(r->c, r->rule->groups[g], from, to, add_line, r);
    }
    arena_free(&r->scratch);
    return e;
}

static err report_make(struct call *c, const struct insight *i, i64 from_ms, i64 to_ms, i64 period_ms, struct insight_rule *rule, struct report **out) {
    str problem;
    struct report *r = *out = NEW(c->arena, struct report);
    *r = (struct report){.c = c, .from_ms = from_ms - from_ms % period_ms, .to_ms = to_ms, .period_ms = period_ms};
    r->periods = to_ms > r->from_ms ? (u32)MIN((to_ms - r->from_ms + period_ms - 1) / period_ms, PERIODS_MAX) : 0;
    r->moments = NEW_ARRAY(c->arena, struct moment, r->periods + 1);
    memset(r->moments, 0, (r->periods + 1) * sizeof *r->moments);
    if (!i->subject.p) {
        ASSERT(insight_rule_read(c->arena, i->definition, rule, &problem)); /* it was put */
        r->rule = rule;
    }
    return gather(r, i);
}

/* ---- GetInsightRuleReport ---- */

static int by_total(const void *x, const void *y) {
    double a = ((const struct contributor *)x)->total, b = ((const struct contributor *)y)->total;
    return (a < b) - (a > b);
}
static int by_most(const void *x, const void *y) {
    double a = ((const struct contributor *)x)->most, b = ((const struct contributor *)y)->most;
    return (a < b) - (a > b);
}

static struct cloudwatch_insight_rule_contributor contributor_shown(struct report *r, const struct contributor *x, const double *values) {
    struct call *c = r->c;
    struct cloudwatch_insight_rule_contributor out = {.approximate_aggregate_value = SOME_F64(x->total)};
    const struct json_node *keys = json_tree(c->arena, x->keys, json_default_limits, NULL, NULL);
    out.keys = (struct cloudwatch_insight_rule_contributor_keys){.v = NEW_ARRAY(c->arena, str, keys->count), .set = true};
    for (const struct json_node *k = keys->first; k; k = k->next) out.keys.v[out.keys.n++] = k->text;
    out.datapoints = (struct cloudwatch_insight_rule_contributor_datapoints){.v = NEW_ARRAY(c->arena, struct cloudwatch_insight_rule_contributor_datapoint, r->periods + 1), .set = true};
    for (u32 p = 0; p < r->periods; p++)
        if (values[p] != 0) out.datapoints.v[out.datapoints.n++] = (struct cloudwatch_insight_rule_contributor_datapoint){SOME_TIME(r->from_ms + p * r->period_ms), SOME_F64(values[p])};
    return out;
}

/* The largest, with what they contributed by the period. Sorting loses the cells' numbers: they are kept beside. */
static void show_contributors(struct report *r, u32 most, bool by_maximum, struct cloudwatch_get_insight_rule_report_output *out) {
    struct arena *a = r->c->arena;
    struct contributor *sorted = NEW_ARRAY(a, struct contributor, r->n + 1);
    u32 shown, who, *rank = NEW_ARRAY(a, u32, r->n + 1);
    if (r->n) memcpy(sorted, r->v, r->n * sizeof *sorted);
    if (r->n) qsort(sorted, r->n, sizeof *sorted, by_maximum ? by_most : by_total);
    shown = MIN(r->n, most);
    for (u32 i = 0; i < r->n; i++) rank[i] = UINT32_MAX;
    for (u32 i = 0; i < shown; i++)
        if (contributor_of(r, sorted[i].keys, &who)) rank[who] = i;
    double *values = NEW_ARRAY(a, double, (size_t)shown * r->periods + 1);
    memset(values, 0, ((size_t)shown * r->periods + 1) * sizeof *values);
    for (u32 i = 0; i < r->cell_count; i++)
        if (rank[r->cells[i].contributor] != UINT32_MAX) values[(size_t)rank[r->cells[i].contributor] * r->periods + r->cells[i].period] = r->cells[i].value;
    out->contributors = (struct cloudwatch_insight_rule_contributors){NEW_ARRAY(a, struct cloudwatch_insight_rule_contributor, shown + 1), shown, true};
    for (u32 i = 0; i < shown; i++) out->contributors.v[i] = contributor_shown(r, &sorted[i], values + (size_t)i * r->periods);
}

static const char *const metric_names[] = {"UniqueContributors", "MaxContributorValue", "SampleCount", "Sum", "Minimum", "Maximum", "Average"};

static bool moment_value(const struct moment *m, str metric, double *v) {
    double all[] = {m->unique, m->most, m->count, m->sum, m->min, m->max, m->count > 0 ? m->sum / m->count : 0};
    for (size_t i = 0; i < LENGTH(all); i++)
        if (str_eq(metric, str_of(metric_names[i]))) {
            *v = all[i];
            return true;
        }
    return false;
}

static err show_metrics(struct report *r, const struct cloudwatch_insight_rule_metric_list *metrics, struct cloudwatch_get_insight_rule_report_output *out) {
    double v;
    out->metric_datapoints = (struct cloudwatch_insight_rule_metric_datapoints){.v = NEW_ARRAY(r->c->arena, struct cloudwatch_insight_rule_metric_datapoint, r->periods + 1), .set = true};
    for (u32 i = 0; i < metrics->n; i++)
        if (!moment_value(&(struct moment){0}, metrics->v[i], &v)) return fail(r->c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter Metrics is invalid.", STR_ARGS(metrics->v[i]));
    for (u32 p = 0; p < r->periods && metrics->n; p++) {
        struct cloudwatch_insight_rule_metric_datapoint d = {.timestamp = SOME_TIME(r->from_ms + p * r->period_ms)};
        struct opt_f64 *to[] = {&d.unique_contributors, &d.max_contributor_value, &d.sample_count, &d.sum, &d.minimum, &d.maximum, &d.average};
        if (r->moments[p].count <= 0) continue;
        for (u32 i = 0; i < metrics->n; i++)
            for (size_t j = 0; j < LENGTH(to); j++)
                if (str_eq(metrics->v[i], str_of(metric_names[j])) && moment_value(&r->moments[p], metrics->v[i], &v)) *to[j] = SOME_F64(v);
        out->metric_datapoints.v[out->metric_datapoints.n++] = d;
    }
    return NULL;
}

static void show_labels(struct report *r, const struct insight *i, struct cloudwatch_get_insight_rule_report_output *out) {
    struct insight_rule rule;
    str problem;
    out->key_labels = (struct cloudwatch_insight_rule_contributor_key_labels){.v = NEW_ARRAY(r->c->arena, str, INSIGHT_KEYS_MAX), .set = true};
    out->aggregation_statistic = S("Sum");
    if (!insight_rule_read(r->c->arena, i->definition, &rule, &problem)) return;
    for (u32 k = 0; k < rule.key_count; k++) out->key_labels.v[out->key_labels.n++] = rule.keys[k];
    if (!rule.sum) out->aggregation_statistic = S("SampleCount");
}

err cloudwatch_get_insight_rule_report(struct call *c, const struct cloudwatch_get_insight_rule_report_input *in, struct cloudwatch_get_insight_rule_report_output *out) {
    struct insight i;
    struct insight_rule rule;
    struct report *r;
    i64 period_ms = in->period.v * 1000LL;
    bool by_maximum = str_eq(in->order_by, S("Maximum"));
    u32 most = in->max_contributor_count.set ? (u32)MAX(0, in->max_contributor_count.v) : CONTRIBUTORS_DEFAULT;
    if (period_ms <= 0 || period_ms % minute_ms) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter Period must be a multiple of 60");
    if (in->end_time.ms <= in->start_time.ms) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter StartTime must be less than the parameter EndTime.");
    if (in->end_time.ms - in->start_time.ms > day_ms) return fail(c, &cloudwatch_invalid_parameter_value_exception, "A report covers at most 24 hours");
    if (!most || most > CONTRIBUTORS_MOST) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter MaxContributorCount must be from 1 to %d", CONTRIBUTORS_MOST);
    if (in->order_by.p && !by_maximum && !str_eq(in->order_by, S("Sum"))) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter OrderBy must be Sum or Maximum");
    if (!insight_load(c, in->rule_name, &i)) return fail(c, &cloudwatch_resource_not_found_exception, "Rule %.*s does not exist", STR_ARGS(in->rule_name));
    TRY(report_make(c, &i, in->start_time.ms, in->end_time.ms, period_ms, &rule, &r));
    show_labels(r, &i, out);
    out->aggregate_value = SOME_F64(r->total);
    out->approximate_unique_count = SOME_I64(r->n);
    show_contributors(r, most, by_maximum, out);
    return show_metrics(r, &in->metrics, out);
}

/* ---- INSIGHT_RULE_METRIC('rule', 'Sum') ---- */

bool insight_metric(struct query_run *run, str name, str metric, i64 period_ms, struct math_value *value, str *problem) {
    struct call *c = run->c;
    struct insight i;
    struct insight_rule rule;
    struct report *r;
    double v;
    if (!moment_value(&(struct moment){0}, metric, &v)) {
        *problem = arena_format(c->arena, "INSIGHT_RULE_METRIC does not have the metric %.*s", STR_ARGS(metric));
        return false;
    }
    period_ms = MAX(period_ms - period_ms % minute_ms, minute_ms);
    struct series *s = NEW(c->arena, struct series);
    *s = (struct series){.at = NEW_ARRAY(c->arena, i64, PERIODS_MAX), .v = NEW_ARRAY(c->arena, double, PERIODS_MAX), .period_ms = period_ms};
    *value = (struct math_value){.type = MATH_SERIES, .v = s, .n = 1};
    if (!insight_load(c, name, &i)) return true; /* no rule, no data */
    if (report_make(c, &i, run->from_ms, run->to_ms, period_ms, &rule, &r)) {
        *problem = S("The log groups of the rule cannot be read");
        return false;
    }
    for (u32 p = 0; p < r->periods; p++) {
        if (r->moments[p].count <= 0 || !moment_value(&r->moments[p], metric, &v)) continue;
        s->at[s->n] = r->from_ms + p * period_ms;
        s->v[s->n++] = v;
    }
    return true;
}
