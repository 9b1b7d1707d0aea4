/* PutMetricAlarm: on one metric, or on an expression over several. */
#include "cloudwatch.h"

enum { QUERIES_MAX = 20, CHECK_PERIODS = 1 };

static bool on_band(str comparison) { return str_find(comparison, S("LowerThreshold")) != STR_NONE || str_find(comparison, S("UpperThreshold")) != STR_NONE || str_find(comparison, S("LowerOr")) != STR_NONE; }

/* ---- on expressions ---- */

static struct alarm_queries queries_of(struct arena *a, const struct cloudwatch_metric_data_queries *in) {
    struct alarm_queries q = {.v = NEW_ARRAY(a, struct alarm_query, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < q.n; i++) {
        const struct cloudwatch_metric_data_query *of = &in->v[i];
        const struct cloudwatch_metric_stat *stat = of->metric_stat;
        q.v[i] = (struct alarm_query){.id = of->id, .expression = of->expression, .label = of->label, .period_s = of->period.v, .hidden = of->return_data.set && !of->return_data.v, .account_id = of->account_id};
        if (!stat) continue;
        q.v[i].space = stat->metric->namespace;
        q.v[i].metric = stat->metric->metric_name;
        q.v[i].dimensions = dimensions_sorted(a, &stat->metric->dimensions);
        q.v[i].statistic = stat->stat;
        q.v[i].unit = stat->unit;
        q.v[i].period_s = stat->period.v;
    }
    return q;
}

struct cloudwatch_metric_data_queries alarm_queries_shown(struct arena *a, const struct alarm_queries *queries) {
    struct cloudwatch_metric_data_queries shown = {NEW_ARRAY(a, struct cloudwatch_metric_data_query, queries->n + 1), queries->n, queries->n > 0};
    for (u32 i = 0; i < queries->n; i++) {
        const struct alarm_query *q = &queries->v[i];
        shown.v[i] = (struct cloudwatch_metric_data_query){.id = q->id, .expression = q->expression, .label = q->label, .return_data = SOME_BOOL(!q->hidden), .account_id = q->account_id};
        if (q->expression.p) {
            if (q->period_s) shown.v[i].period = SOME_I32((i32)q->period_s);
            continue;
        }
        struct cloudwatch_metric_stat *stat = NEW(a, struct cloudwatch_metric_stat);
        struct cloudwatch_metric *metric = NEW(a, struct cloudwatch_metric);
        *metric = (struct cloudwatch_metric){.namespace = q->space, .metric_name = q->metric, .dimensions = dimensions_shown(a, &q->dimensions)};
        *stat = (struct cloudwatch_metric_stat){.metric = metric, .period = SOME_I32((i32)q->period_s), .stat = q->statistic, .unit = q->unit};
        shown.v[i].metric_stat = stat;
    }
    return shown;
}

/* The expressions are worked out once, over what there is: so those that cannot be are refused. */
static err check_queries(struct call *c, const struct cloudwatch_put_metric_alarm_input *in) {
    const struct cloudwatch_metric_data_queries *queries = &in->metrics;
    struct query_run *run;
    struct query_answer answer;
    u32 returned = 0;
    bool band = false;
    if (in->metric_name.p || in->namespace.p || in->dimensions.n || in->period.set || in->unit.p || in->statistic.p || in->extended_statistic.p)
        return fail(c, &cloud_validation, "Metrics list must not be specified with MetricName, Namespace, Dimensions, Period, Unit, Statistic or ExtendedStatistic");
    if (queries->n > QUERIES_MAX) return fail(c, &cloud_validation, "The collection Metrics must not have a size greater than %d.", QUERIES_MAX);
    struct alarm_queries kept = queries_of(c->arena, queries);
    i64 period_ms = alarm_period_s(&(struct alarm){.queries = kept}) * 1000;
    if (!period_ms) return fail(c, &cloud_validation, "Period must not be null");
    TRY(queries_open(c, queries, c->now_ms - CHECK_PERIODS * period_ms, c->now_ms, &run));
    for (u32 i = 0; i < queries->n; i++) {
        const struct cloudwatch_metric_data_query *q = &queries->v[i];
        bool threshold = in->threshold_metric_id.p && str_eq(q->id, in->threshold_metric_id);
        if (q->expression.p && str_find(q->expression, S("SEARCH(")) != STR_NONE) return fail(c, &cloud_validation, "SEARCH is not supported on Metric Alarms.");
        TRY(query_series(c, run, i, &answer));
        band |= threshold && answer.n == 2;
        if (kept.v[i].hidden || threshold) continue;
        returned++;
        if (answer.n != 1) return fail(c, &cloud_validation, "The metric that returns data, %.*s, must be a single time series", STR_ARGS(q->id));
    }
    if (returned != 1) return fail(c, &cloud_validation, "Exactly one element of the metrics list should return data.");
    if (in->threshold_metric_id.p && !band) return fail(c, &cloud_validation, "ThresholdMetricId must be the Id of an ANOMALY_DETECTION_BAND expression in Metrics");
    return NULL;
}

/* ---- on one metric ---- */

static err check_metric(struct call *c, const struct cloudwatch_put_metric_alarm_input *in) {
    struct statistic s;
    if (!in->metric_name.p || !in->namespace.p || !in->period.set) return fail(c, &cloud_validation, "MetricName, Namespace and Period must be specified for an alarm on a metric");
    if (!in->statistic.p == !in->extended_statistic.p) return fail(c, &cloudwatch_invalid_parameter_combination_exception, "Exactly one of Statistic and ExtendedStatistic must be specified");
    i64 p = in->period.v;
    if (p != 10 && p != 20 && p != 30 && (p <= 0 || p % 60)) return fail(c, &cloud_validation, "Period must be 10, 20, 30 or a multiple of 60");
    if (in->extended_statistic.p && !statistic_parse(in->extended_statistic, &s))
        return fail(c, &cloud_validation, "The value %.*s for parameter ExtendedStatistic is invalid.", STR_ARGS(in->extended_statistic));
    return NULL;
}

static err check_threshold(struct call *c, const struct cloudwatch_put_metric_alarm_input *in) {
    if (!in->comparison_operator.p || !in->evaluation_periods.set) return fail(c, &cloud_validation, "ComparisonOperator and EvaluationPeriods must be specified");
    if (on_band(in->comparison_operator) != (in->threshold_metric_id.p != NULL))
        return fail(c, &cloud_validation, "ComparisonOperator %.*s %s ThresholdMetricId", STR_ARGS(in->comparison_operator), in->threshold_metric_id.p ? "must not be used with" : "requires");
    if (in->threshold_metric_id.p && in->threshold.set) return fail(c, &cloud_validation, "Threshold and ThresholdMetricId are mutually exclusive");
    return in->threshold_metric_id.p || in->threshold.set ? NULL : fail(c, &cloud_validation, "Threshold must be specified");
}

static err check_alarm(struct call *c, const struct cloudwatch_put_metric_alarm_input *in) {
    static const char *const treatments[] = {"breaching", "notBreaching", "ignore", "missing"};
    bool treated = !in->treat_missing_data.p;
    for (size_t i = 0; i < LENGTH(treatments); i++) treated |= str_eq(in->treat_missing_data, str_of(treatments[i]));
    if (in->evaluation_criteria || in->evaluation_window || in->warm_up_configuration || in->action_configuration)
        return fail(c, &cloud_not_implemented, "brume does not have EvaluationCriteria, EvaluationWindow, WarmUpConfiguration and ActionConfiguration of alarms (yet).");
    TRY(check_threshold(c, in));
    TRY(in->metrics.n ? check_queries(c, in) : check_metric(c, in));
    struct alarm_queries kept = queries_of(c->arena, &in->metrics);
    i64 p = alarm_period_s(&(struct alarm){.period_s = in->period.v, .queries = kept}), periods = in->evaluation_periods.v;
    if (periods < 1 || p * periods > (p >= 3600 ? 7 : 1) * 86400)
        return fail(c, &cloud_validation, "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).");
    if (in->datapoints_to_alarm.set && (in->datapoints_to_alarm.v < 1 || in->datapoints_to_alarm.v > periods))
        return fail(c, &cloud_validation, "DatapointsToAlarm must be less than or equal to EvaluationPeriods");
    if (!treated) return fail(c, &cloud_validation, "Option %.*s is not supported. Supported options for TreatMissingData are [breaching, notBreaching, ignore, missing].", STR_ARGS(in->treat_missing_data));
    TRY(check_actions(c, &in->ok_actions, "OKActions"));
    TRY(check_actions(c, &in->alarm_actions, "AlarmActions"));
    return check_actions(c, &in->insufficient_data_actions, "InsufficientDataActions");
}

err cloudwatch_put_metric_alarm(struct call *c, const struct cloudwatch_put_metric_alarm_input *in, struct wire_unit *out) {
    (void)out;
    TRY(check_alarm(c, in));
    for (u32 i = 0; in->threshold_metric_id.p && i < in->metrics.n; i++)
        if (in->metrics.v[i].metric_stat) anomaly_watch(c, in->metrics.v[i].metric_stat);
    struct alarm alarm = {
        .description = in->alarm_description, .space = in->namespace, .metric = in->metric_name, .statistic = in->statistic.p ? in->statistic : in->extended_statistic,
        .extended = in->extended_statistic.p != NULL, .unit = in->unit, .comparison = in->comparison_operator, .missing = in->treat_missing_data,
        .low_samples = in->evaluate_low_sample_count_percentile, .actions_off = in->actions_enabled.set && !in->actions_enabled.v, .ok_actions = keys_of(c->arena, &in->ok_actions),
        .alarm_actions = keys_of(c->arena, &in->alarm_actions), .insufficient_actions = keys_of(c->arena, &in->insufficient_data_actions),
        .dimensions = dimensions_sorted(c->arena, &in->dimensions), .period_s = in->period.v, .periods = in->evaluation_periods.v, .to_alarm = in->datapoints_to_alarm.v,
        .threshold = in->threshold.v, .queries = queries_of(c->arena, &in->metrics), .threshold_id = in->threshold_metric_id, .name = in->alarm_name};
    return alarm_put(c, &alarm, &in->tags);
}
