/* Alarms described: DescribeAlarms, DescribeAlarmsForMetric. */
#include "cloudwatch.h"

static struct cloudwatch_resource_list shown_keys(struct arena *a, const struct record_pairs *p) {
    struct cloudwatch_resource_list list = {NEW_ARRAY(a, str, p->n + 1), p->n, true};
    for (u32 i = 0; i < p->n; i++) list.v[i] = p->v[i].key;
    return list;
}

static struct cloudwatch_metric_alarm shown(struct arena *a, const struct alarm *m) {
    struct cloudwatch_metric_alarm out = {
        .alarm_name = m->name, .alarm_arn = alarm_arn(a, m), .alarm_description = m->description, .alarm_configuration_updated_timestamp = SOME_TIME(m->configured_ms),
        .actions_enabled = SOME_BOOL(!m->actions_off), .ok_actions = shown_keys(a, &m->ok_actions), .alarm_actions = shown_keys(a, &m->alarm_actions),
        .insufficient_data_actions = shown_keys(a, &m->insufficient_actions), .state_value = m->state, .state_reason = m->reason, .state_reason_data = m->reason_data,
        .state_updated_timestamp = SOME_TIME(m->updated_ms), .metric_name = m->metric, .namespace = m->space, .unit = m->unit, .evaluation_periods = SOME_I32((i32)m->periods),
        .comparison_operator = m->comparison, .treat_missing_data = m->missing, .evaluate_low_sample_count_percentile = m->low_samples,
        .state_transitioned_timestamp = SOME_TIME(m->changed_ms), .dimensions = dimensions_shown(a, &m->dimensions), .threshold_metric_id = m->threshold_id,
        .metrics = alarm_queries_shown(a, &m->queries)};
    if (m->extended) out.extended_statistic = m->statistic;
    else out.statistic = m->statistic;
    if (!m->threshold_id.p) out.threshold = SOME_F64(m->threshold);
    if (m->period_s) out.period = SOME_I32((i32)m->period_s);
    if (m->to_alarm) out.datapoints_to_alarm = SOME_I32((i32)m->to_alarm);
    return out;
}

static struct cloudwatch_composite_alarm shown_composite(struct arena *a, const struct alarm *m) {
    struct cloudwatch_composite_alarm out = {
        .alarm_name = m->name, .alarm_arn = alarm_arn(a, m), .alarm_description = m->description, .alarm_configuration_updated_timestamp = SOME_TIME(m->configured_ms),
        .actions_enabled = SOME_BOOL(!m->actions_off), .ok_actions = shown_keys(a, &m->ok_actions), .alarm_actions = shown_keys(a, &m->alarm_actions),
        .insufficient_data_actions = shown_keys(a, &m->insufficient_actions), .state_value = m->state, .state_reason = m->reason, .state_reason_data = m->reason_data,
        .state_updated_timestamp = SOME_TIME(m->updated_ms), .state_transitioned_timestamp = SOME_TIME(m->changed_ms), .alarm_rule = m->rule,
        .actions_suppressor = m->suppressor, .actions_suppressed_by = m->suppressed_by, .actions_suppressed_reason = m->suppressed_reason};
    if (!m->suppressor.p) return out;
    out.actions_suppressor_wait_period = SOME_I32((i32)m->wait_s);
    out.actions_suppressor_extension_period = SOME_I32((i32)m->extension_s);
    return out;
}

/* ---- DescribeAlarms ---- */

static bool has_prefix(const struct record_pairs *p, str prefix) {
    for (u32 i = 0; i < p->n; i++)
        if (str_starts(p->v[i].key, prefix)) return true;
    return false;
}

struct description {
    const struct cloudwatch_describe_alarms_input *in;
    struct cloudwatch_describe_alarms_output *out;
    bool metrics, composites, brief; /* brief: as children and parents are told */
    u32 max;
};

static bool described(const struct description *d, const struct alarm *m) {
    const struct cloudwatch_describe_alarms_input *in = d->in;
    bool named = in->alarm_names.n == 0;
    if (!(m->rule.p ? d->composites : d->metrics)) return false;
    for (u32 i = 0; i < in->alarm_names.n; i++) named |= str_eq(in->alarm_names.v[i], m->name);
    if (!named || (in->alarm_name_prefix.p && !str_starts(m->name, in->alarm_name_prefix)) || (in->state_value.p && !str_eq(in->state_value, m->state))) return false;
    if (!in->action_prefix.p) return true;
    return has_prefix(&m->ok_actions, in->action_prefix) || has_prefix(&m->alarm_actions, in->action_prefix) || has_prefix(&m->insufficient_actions, in->action_prefix);
}

/* False: the page is full. */
static bool describe(struct call *c, struct description *d, const struct alarm *m) {
    struct cloudwatch_describe_alarms_output *out = d->out;
    if (out->metric_alarms.n + out->composite_alarms.n == d->max) {
        out->next_token = page_token(c, m->name);
        return false;
    }
    struct alarm brief = {.name = m->name, .account = m->account, .region = m->region, .state = m->state, .updated_ms = m->updated_ms};
    if (m->rule.p && d->brief)
        out->composite_alarms.v[out->composite_alarms.n++] = (struct cloudwatch_composite_alarm){
            .alarm_name = m->name, .alarm_arn = alarm_arn(c->arena, &brief), .state_value = m->state, .state_updated_timestamp = SOME_TIME(m->updated_ms)};
    else if (m->rule.p) out->composite_alarms.v[out->composite_alarms.n++] = shown_composite(c->arena, m);
    else if (d->brief)
        out->metric_alarms.v[out->metric_alarms.n++] = (struct cloudwatch_metric_alarm){
            .alarm_name = m->name, .alarm_arn = alarm_arn(c->arena, &brief), .state_value = m->state, .state_updated_timestamp = SOME_TIME(m->updated_ms)};
    else out->metric_alarms.v[out->metric_alarms.n++] = shown(c->arena, m);
    return true;
}

/* Those that a composite alarm is made of, or that are made of an alarm; in the order of their names. */
static err describe_family(struct call *c, struct description *d, str position) {
    enum { FAMILY_MAX = 500 };
    const struct cloudwatch_describe_alarms_input *in = d->in;
    struct alarm of, m;
    str names[FAMILY_MAX];
    u32 n = 0;
    bool children = in->children_of_alarm_name.p != NULL;
    str name = children ? in->children_of_alarm_name : in->parents_of_alarm_name;
    if ((children && in->parents_of_alarm_name.p) || in->alarm_names.n || in->alarm_name_prefix.p || in->state_value.p || in->action_prefix.p || (!children && in->alarm_types.n))
        return fail(c, &cloud_validation, "%s may only be combined with MaxRecords and NextToken", children ? "ChildrenOfAlarmName" : "ParentsOfAlarmName");
    if (!alarm_load(c->txn, c->arena, c->account, c->region, name, &of)) return NULL;
    if (!children) n = composites_of(c, name, LINK_CHILD, names, FAMILY_MAX);
    else if (of.rule.p) {
        struct record_pairs family = composite_children(c, &of);
        for (u32 i = 0; i < family.n && n < FAMILY_MAX; i++) names[n++] = family.v[i].key;
    }
    d->brief = d->metrics = d->composites = true;
    for (u32 i = 0; i < n; i++)
        if ((!position.p || str_cmp(names[i], position) >= 0) && alarm_load(c->txn, c->arena, c->account, c->region, names[i], &m) && !describe(c, d, &m)) break;
    return NULL;
}

err cloudwatch_describe_alarms(struct call *c, const struct cloudwatch_describe_alarms_input *in, struct cloudwatch_describe_alarms_output *out) {
    str position = {0};
    struct alarm alarm;
    struct description d = {.in = in, .out = out, .metrics = in->alarm_types.n == 0, .max = in->max_records.set ? (u32)in->max_records.v : in->alarm_names.n ? 100 : 50};
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    if (in->alarm_names.n && in->alarm_name_prefix.p) return fail(c, &cloud_validation, "AlarmNamePrefix and AlarmNames may not both be specified");
    for (u32 i = 0; i < in->alarm_types.n; i++) {
        d.metrics |= str_eq(in->alarm_types.v[i], S("MetricAlarm"));
        d.composites |= str_eq(in->alarm_types.v[i], S("CompositeAlarm"));
    }
    out->metric_alarms.v = NEW_ARRAY(c->arena, struct cloudwatch_metric_alarm, d.max);
    out->composite_alarms.v = NEW_ARRAY(c->arena, struct cloudwatch_composite_alarm, d.max);
    out->metric_alarms.set = out->composite_alarms.set = out->log_alarms.set = true;
    if (in->children_of_alarm_name.p || in->parents_of_alarm_name.p) return describe_family(c, &d, position);
    struct key k = alarms_key(c->arena, c->account, c->region);
    str all = key_bytes(&k);
    struct range r = txn_range(c->txn, position.p ? alarm_row(c->arena, c->account, c->region, position) : all, key_after_prefix(c->arena, all));
    while (alarm_next(c, &r, &alarm))
        if (described(&d, &alarm) && !describe(c, &d, &alarm)) break;
    return NULL;
}

/* ---- DescribeAlarmsForMetric ---- */

static bool watches(const struct cloudwatch_describe_alarms_for_metric_input *in, const struct record_pairs *wanted, const struct alarm_query *q) {
    str statistic = in->statistic.p ? in->statistic : in->extended_statistic;
    bool same = str_eq(q->space, in->namespace) && str_eq(q->metric, in->metric_name) && q->dimensions.n == wanted->n;
    for (u32 i = 0; same && i < wanted->n; i++) same = str_eq(wanted->v[i].key, q->dimensions.v[i].key) && str_eq(wanted->v[i].value, q->dimensions.v[i].value);
    return same && (!statistic.p || str_eq(statistic, q->statistic)) && (!in->period.set || in->period.v == q->period_s) && (!in->unit.p || str_eq(in->unit, q->unit));
}

err cloudwatch_describe_alarms_for_metric(struct call *c, const struct cloudwatch_describe_alarms_for_metric_input *in, struct cloudwatch_describe_alarms_for_metric_output *out) {
    enum { ALARMS_MAX = 5000 };
    struct alarm m;
    struct record_pairs wanted = dimensions_sorted(c->arena, &in->dimensions);
    struct key k = alarms_key(c->arena, c->account, c->region);
    str all = key_bytes(&k);
    out->metric_alarms.v = NEW_ARRAY(c->arena, struct cloudwatch_metric_alarm, ALARMS_MAX);
    out->metric_alarms.set = true;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (out->metric_alarms.n < ALARMS_MAX && alarm_next(c, &r, &m)) {
        struct alarm_query own = {.space = m.space, .metric = m.metric, .statistic = m.statistic, .unit = m.unit, .dimensions = m.dimensions, .period_s = m.period_s};
        if (watches(in, &wanted, &own)) out->metric_alarms.v[out->metric_alarms.n++] = shown(c->arena, &m);
    }
    return NULL;
}
