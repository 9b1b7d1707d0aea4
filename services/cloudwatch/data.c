/* What was put, read: GetMetricStatistics and GetMetricData. */
#include "cloudwatch.h"
#include "metric_select.h"

enum { STATISTICS_POINTS_MAX = 1440, DATA_POINTS_MAX = 100800 };

/* ---- GetMetricStatistics ---- */

static err check_statistics(struct call *c, const struct cloudwatch_get_metric_statistics_input *in) {
    i64 period_s = in->period.v, seconds = (in->end_time.ms - in->start_time.ms) / 1000;
    bool known = period_s == 1 || period_s == 5 || period_s == 10 || period_s == 20 || period_s == 30 || (period_s > 0 && period_s % 60 == 0);
    struct statistic s;
    if (!in->statistics.n && !in->extended_statistics.n)
        return fail(c, &cloudwatch_invalid_parameter_combination_exception, "At least one of the parameters Statistics and ExtendedStatistics must be specified.");
    if (in->start_time.ms >= in->end_time.ms)
        return fail(c, &cloudwatch_invalid_parameter_combination_exception, "The parameter StartTime must be less than the parameter EndTime.");
    if (!known) return fail(c, &cloudwatch_invalid_parameter_value_exception, "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
    if (seconds / period_s > STATISTICS_POINTS_MAX)
        return fail(c, &cloudwatch_invalid_parameter_combination_exception,
                    "You have requested up to %lld datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.",
                    (long long)(seconds / period_s), STATISTICS_POINTS_MAX);
    for (u32 i = 0; i < in->extended_statistics.n; i++)
        if (!statistic_parse(in->extended_statistics.v[i], &s))
            return fail(c, &cloudwatch_invalid_parameter_value_exception, "The value %.*s for parameter ExtendedStatistics.member.%u is invalid.", STR_ARGS(in->extended_statistics.v[i]), i + 1);
    return NULL;
}

static void fill_datapoint(struct call *c, const struct cloudwatch_get_metric_statistics_input *in, const struct bucket *b, struct cloudwatch_datapoint *d) {
    struct statistic s;
    double v;
    *d = (struct cloudwatch_datapoint){.timestamp = SOME_TIME(b->at_ms), .unit = b->unit};
    for (u32 i = 0; i < in->statistics.n; i++) {
        str name = in->statistics.v[i];
        if (!statistic_parse(name, &s) || !statistic_of(&s, &b->point, &v)) continue;
        struct opt_f64 *place = str_eq(name, S("SampleCount")) ? &d->sample_count : str_eq(name, S("Average")) ? &d->average : str_eq(name, S("Sum")) ? &d->sum
                              : str_eq(name, S("Minimum")) ? &d->minimum : &d->maximum;
        *place = SOME_F64(v);
    }
    d->extended_statistics.v = NEW_ARRAY(c->arena, struct cloudwatch_datapoint_value_map_entry, in->extended_statistics.n + 1);
    for (u32 i = 0; i < in->extended_statistics.n; i++) {
        if (!statistic_parse(in->extended_statistics.v[i], &s) || !statistic_of(&s, &b->point, &v)) continue;
        d->extended_statistics.set = true;
        d->extended_statistics.v[d->extended_statistics.n++] = (struct cloudwatch_datapoint_value_map_entry){.key = in->extended_statistics.v[i], .value = SOME_F64(v)};
    }
}

err cloudwatch_get_metric_statistics(struct call *c, const struct cloudwatch_get_metric_statistics_input *in, struct cloudwatch_get_metric_statistics_output *out) {
    str units[UNITS_MAX];
    u32 n = 1, max = 0;
    TRY(check_statistics(c, in));
    out->label = in->metric_name;
    out->datapoints.set = true;
    struct metric m = {.space = in->namespace, .name = in->metric_name, .dimensions = dimensions_sorted(c->arena, &in->dimensions)};
    if (!metric_load(c->txn, c->arena, c->account, c->region, &m)) return NULL;
    struct span span = {.to_ms = in->end_time.ms, .period_ms = in->period.v * 1000LL, .now_ms = c->now_ms};
    span.from_ms = in->start_time.ms - in->start_time.ms % MAX(in->period.v < 60 ? 1000 : minute_ms, point_rest_ms(in->start_time.ms, c->now_ms));
    if (in->unit.p) units[0] = in->unit;
    else n = units_of(c->txn, c->arena, m.id, units);
    struct buckets of[UNITS_MAX];
    for (u32 i = 0; i < n; i++) max += (of[i] = points_of(c->txn, c->arena, m.id, units[i], &span)).n;
    out->datapoints.v = NEW_ARRAY(c->arena, struct cloudwatch_datapoint, max + 1);
    for (u32 i = 0; i < n; i++)
        for (u32 j = 0; j < of[i].n; j++) fill_datapoint(c, in, &of[i].v[j], &out->datapoints.v[out->datapoints.n++]);
    return NULL;
}

/* ---- GetMetricData ---- */

/* The metric's name, and the statistic where the name alone does not tell two of the request apart. */
static str own_label(struct call *c, const struct cloudwatch_metric_data_queries *queries, const struct cloudwatch_metric_data_query *q) {
    if (!q->metric_stat) return q->id;
    str name = q->metric_stat->metric->metric_name;
    for (u32 i = 0; i < queries->n; i++) {
        const struct cloudwatch_metric_stat *other = queries->v[i].metric_stat;
        if (other && str_eq(other->metric->metric_name, name) && !str_eq(other->stat, q->metric_stat->stat))
            return arena_format(c->arena, "%.*s %.*s", STR_ARGS(name), STR_ARGS(q->metric_stat->stat));
    }
    return name;
}

/* Of several that one expression gives: its label, unless a dynamic one tells them apart, and what each is. */
static str label_of(struct call *c, const struct cloudwatch_get_metric_data_input *in, u32 i, const struct query_answer *answer, u32 j) {
    const struct cloudwatch_metric_data_query *q = &in->metric_data_queries.v[i];
    const struct series *s = &answer->v[j];
    str zone = in->label_options ? in->label_options->timezone : (str){0}, own = own_label(c, &in->metric_data_queries, q);
    bool found = q->expression.p && (str_find(q->expression, S("SEARCH(")) != STR_NONE || (metric_select_begins(q->expression) && s->id.n)), many = answer->n > 1 || found;
    if (many) own = found || q->label.p ? s->id : arena_format(c->arena, "%.*s %.*s", STR_ARGS(own), STR_ARGS(s->id));
    if (!q->label.p) return own;
    str expanded = label_expand(c, q->label, s, q, own, zone);
    return many && str_eq(expanded, q->label) ? arena_format(c->arena, "%.*s %.*s", STR_ARGS(q->label), STR_ARGS(s->id)) : expanded;
}

struct pager {
    u64 skip, left, given; /* datapoints of all results, in their order */
    bool ascending, first;
};

/* False: the page is full. */
static bool add_result(struct call *c, struct cloudwatch_get_metric_data_output *out, struct pager *p, const struct series *s, str id, str label) {
    if (p->skip >= s->n && !(p->first && s->n == 0)) {
        p->skip -= s->n;
        return true;
    }
    if (!p->left && s->n) return false;
    u32 begin = (u32)p->skip, n = (u32)MIN(p->left, s->n - begin);
    struct cloudwatch_metric_data_result *r = &out->metric_data_results.v[out->metric_data_results.n++];
    bool whole = begin + n == s->n;
    *r = (struct cloudwatch_metric_data_result){.id = id, .label = label, .status_code = whole ? S("Complete") : S("PartialData")};
    r->timestamps = (struct cloudwatch_timestamps){NEW_ARRAY(c->arena, struct opt_time, n + 1), n, true};
    r->values = (struct cloudwatch_datapoint_values){NEW_ARRAY(c->arena, struct opt_f64, n + 1), n, true};
    for (u32 i = 0; i < n; i++) {
        u32 at = p->ascending ? begin + i : s->n - 1 - begin - i;
        r->timestamps.v[i] = SOME_TIME(s->at[at]);
        r->values.v[i] = SOME_F64(s->v[at]);
    }
    p->skip = 0;
    p->left -= n;
    p->given += n;
    return whole;
}

err cloudwatch_get_metric_data(struct call *c, const struct cloudwatch_get_metric_data_input *in, struct cloudwatch_get_metric_data_output *out) {
    const struct cloudwatch_metric_data_queries *queries = &in->metric_data_queries;
    struct query_run *run;
    struct pager p = {.left = DATA_POINTS_MAX, .ascending = str_eq(in->scan_by, S("TimestampAscending")), .first = !in->next_token.p};
    str position;
    u32 max = 0, returned = 0;
    if (in->start_time.ms >= in->end_time.ms) return fail(c, &cloud_validation, "The parameter StartTime must be less than the parameter EndTime.");
    if (in->max_datapoints.set && (in->max_datapoints.v < 1 || in->max_datapoints.v > DATA_POINTS_MAX))
        return fail(c, &cloud_validation, "The parameter MaxDatapoints must be from 1 to %d.", DATA_POINTS_MAX);
    if (in->max_datapoints.set) p.left = (u64)in->max_datapoints.v;
    if (in->next_token.p && !(page_position(c, in->next_token, &position) && str_to_u64(position, &p.skip))) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    TRY(queries_open(c, queries, in->start_time.ms, in->end_time.ms, &run));
    struct query_answer *answers = NEW_ARRAY(c->arena, struct query_answer, queries->n);
    for (u32 i = 0; i < queries->n; i++) {
        if (queries->v[i].return_data.set && !queries->v[i].return_data.v) continue;
        TRY(query_series(c, run, i, &answers[i]));
        max += answers[i].n;
        returned++;
    }
    if (!returned) return fail(c, &cloud_validation, "At least one of the MetricDataQueries must have ReturnData true.");
    out->messages.set = out->metric_data_results.set = true;
    out->metric_data_results.v = NEW_ARRAY(c->arena, struct cloudwatch_metric_data_result, max + 1);
    u64 before = p.skip;
    for (u32 i = 0; i < queries->n; i++)
        for (u32 j = 0; j < answers[i].n; j++) {
            str label = label_of(c, in, i, &answers[i], j);
            if (add_result(c, out, &p, &answers[i].v[j], queries->v[i].id, label)) continue;
            out->next_token = page_token(c, arena_format(c->arena, "%llu", (unsigned long long)(before + p.given)));
            return NULL;
        }
    return NULL;
}
