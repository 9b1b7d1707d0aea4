/* MetricDataQueries: each is a metric's statistic or an expression over the others, worked out once. */
#include "insight.h"
#include "metric_select.h"

enum { QUERIES_MAX = 500, QUERY_DEPTH = 20 };

static err wrong_query(struct call *c, const struct cloudwatch_metric_data_query *q, const char *problem) {
    return fail(c, &cloud_validation, "The value for parameter MetricDataQueries is invalid: %.*s: %s", STR_ARGS(q->id), problem);
}

static bool period_valid(i32 p) { return p == 1 || p == 5 || p == 10 || p == 20 || p == 30 || (p > 0 && p % 60 == 0 && p <= 86400); }

static err check(struct call *c, const struct cloudwatch_metric_data_queries *queries, u32 i) {
    const struct cloudwatch_metric_data_query *q = &queries->v[i];
    struct statistic s;
    bool lower = q->id.n && *q->id.p >= 'a' && *q->id.p <= 'z';
    for (size_t j = 0; j < q->id.n; j++)
        lower &= ((q->id.p[j] | 32) >= 'a' && (q->id.p[j] | 32) <= 'z') || (q->id.p[j] >= '0' && q->id.p[j] <= '9') || q->id.p[j] == '_';
    if (!lower) return wrong_query(c, q, "an Id begins with a lower-case letter and has letters, digits and underscores");
    for (u32 j = 0; j < i; j++)
        if (str_eq(queries->v[j].id, q->id)) return wrong_query(c, q, "the Id is not unique");
    if (!q->metric_stat == !q->expression.p) return wrong_query(c, q, "either MetricStat or Expression must be specified");
    if (q->account_id.p && !str_eq(q->account_id, c->account)) return wrong_query(c, q, "brume does not have cross-account observability (yet)");
    if (q->period.set && !period_valid(q->period.v)) return wrong_query(c, q, "the Period is not valid");
    if (!q->metric_stat) return NULL;
    if (!period_valid(q->metric_stat->period.v)) return wrong_query(c, q, "the Period is not valid");
    if (!statistic_parse(q->metric_stat->stat, &s)) return wrong_query(c, q, "the Stat is not valid");
    return NULL;
}

err queries_open(struct call *c, const struct cloudwatch_metric_data_queries *queries, i64 from_ms, i64 to_ms, struct query_run **run) {
    if (!queries->n || queries->n > QUERIES_MAX) return fail(c, &cloud_validation, "The collection MetricDataQueries must have a size from 1 to %d.", QUERIES_MAX);
    for (u32 i = 0; i < queries->n; i++) TRY(check(c, queries, i));
    *run = NEW(c->arena, struct query_run);
    **run = (struct query_run){.c = c, .queries = queries, .slots = NEW_ARRAY(c->arena, struct slot, queries->n), .from_ms = from_ms, .to_ms = to_ms};
    return NULL;
}

static void metric_series(struct query_run *run, const struct cloudwatch_metric_data_query *q, struct math_value *value) {
    const struct cloudwatch_metric_stat *stat = q->metric_stat;
    struct metric m = {.space = stat->metric->namespace, .name = stat->metric->metric_name, .dimensions = dimensions_sorted(run->c->arena, &stat->metric->dimensions)};
    struct statistic s;
    ASSERT(statistic_parse(stat->stat, &s));
    struct series *series = NEW(run->c->arena, struct series);
    *series = query_metric(run, &m, &s, stat->unit, stat->period.v * 1000LL);
    series->id = q->id;
    *value = (struct math_value){.type = MATH_SERIES, .v = series, .n = 1};
}

static bool evaluate(struct query_run *run, u32 i, str *problem);

static bool named(void *context, str id, struct math_value *value, str *problem) {
    struct query_run *run = context;
    for (u32 i = 0; i < run->queries->n; i++) {
        if (!str_eq(run->queries->v[i].id, id)) continue;
        if (!evaluate(run, i, problem)) return false;
        *value = run->slots[i].value;
        return true;
    }
    *problem = arena_format(run->c->arena, "Undefined variable '%.*s'", STR_ARGS(id));
    return false;
}

static bool metrics(void *context, str part, struct math_value *value, str *problem) {
    struct query_run *run = context;
    *value = (struct math_value){.type = MATH_ARRAY, .v = NEW_ARRAY(run->c->arena, struct series, run->queries->n)};
    for (u32 i = 0; i < run->queries->n; i++) {
        const struct cloudwatch_metric_data_query *q = &run->queries->v[i];
        if (!q->metric_stat || str_find(q->id, part) == STR_NONE) continue;
        if (!evaluate(run, i, problem)) return false;
        value->v[value->n++] = run->slots[i].value.v[0];
    }
    return true;
}

static bool search(void *context, str text, str statistic, i64 period_s, struct math_value *value, str *problem) {
    return metrics_search(context, text, statistic, period_s, value, problem);
}

/* In an alarm, which is evaluated by the writer, two weeks of data are too much to read. */
static bool expression_band(struct query_run *run, u32 i, double width, struct math_value *value, str *problem) {
    struct query_run before = anomaly_training(run);
    if (txn_writable(run->c->txn)) *problem = S("brume has alarms on bands of metrics, not of expressions (yet)");
    else if (evaluate(&before, i, problem) && before.slots[i].value.type != MATH_SERIES) *problem = S("ANOMALY_DETECTION_BAND needs one time series");
    return !problem->p && anomaly_band_after(run, before.slots[i].value.v, width, value, problem);
}

/* The band lies where the metric has datapoints, and goes on to the end of the request. */
static bool band(void *context, str id, double width, struct math_value *value, str *problem) {
    struct query_run *run = context;
    for (u32 i = 0; i < run->queries->n; i++) {
        const struct cloudwatch_metric_data_query *q = &run->queries->v[i];
        if (!str_eq(q->id, id)) continue;
        return q->metric_stat ? anomaly_band(run, q->metric_stat, width, value, problem) : expression_band(run, i, width, value, problem);
    }
    *problem = arena_format(run->c->arena, "Undefined variable '%.*s'", STR_ARGS(id));
    return false;
}

/* An expression's timeline: its own period, or the longest of the request's metrics. */
static i64 period_of(const struct query_run *run, const struct cloudwatch_metric_data_query *q) {
    i64 period_s = q->period.set ? q->period.v : 0;
    for (u32 i = 0; !q->period.set && i < run->queries->n; i++)
        if (run->queries->v[i].metric_stat) period_s = MAX(period_s, run->queries->v[i].metric_stat->period.v);
    return period_s * 1000;
}

static bool insight(void *context, str rule, str metric, struct math_value *value, str *problem) {
    struct query_run *run = context;
    return insight_metric(run, rule, metric, run->period_ms, value, problem);
}

static bool evaluate(struct query_run *run, u32 i, str *problem) {
    const struct cloudwatch_metric_data_query *q = &run->queries->v[i];
    struct slot *slot = &run->slots[i];
    if (slot->done) return true;
    if (q->metric_stat) metric_series(run, q, &slot->value);
    else if (metric_select_begins(q->expression)) {
        if (!metrics_select(run, q->expression, q->period.v * 1000LL, &slot->value, problem)) return false;
    } else {
        i64 outer_ms = run->period_ms;
        run->period_ms = period_of(run, q);
        struct math_world world = {.named = named, .metrics = metrics, .search = search, .band = band, .insight = insight, .context = run, .from_ms = run->from_ms, .to_ms = run->to_ms, .period_ms = run->period_ms};
        if (slot->running || run->depth == QUERY_DEPTH) {
            *problem = slot->running ? S("The expressions refer to each other in a circle") : S("The expressions refer to each other too deeply");
            return false;
        }
        slot->running = true;
        run->depth++;
        if (!math_evaluate(run->c->arena, q->expression, &world, &slot->value, problem)) return false;
        run->depth--;
        run->period_ms = outer_ms;
    }
    return slot->done = true;
}

err query_series(struct call *c, struct query_run *run, u32 i, struct query_answer *answer) {
    str problem = {0};
    const struct cloudwatch_metric_data_query *q = &run->queries->v[i];
    if (!evaluate(run, i, &problem)) return fail(c, &cloud_validation, "Error in expression '%.*s': %.*s", STR_ARGS(q->id), STR_ARGS(problem));
    const struct math_value *v = &run->slots[i].value;
    if (v->type == MATH_SCALAR) return fail(c, &cloud_validation, "Error in expression '%.*s': The expression must return a time series, not a number", STR_ARGS(q->id));
    *answer = (struct query_answer){v->v, v->n};
    return NULL;
}
