/* The alarm: put, described, switched, deleted; its tags. */
#include "cloudwatch.h"

struct key alarms_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("alarm"));
    return k;
}

static str alarm_row(struct arena *a, str account, str region, str name) {
    struct key k = alarms_key(a, account, region);
    key_str(&k, name);
    return key_bytes(&k);
}

bool alarm_load(struct txn *t, struct arena *a, str account, str region, str name, struct alarm *alarm) {
    str row;
    if (name.n > 255 || !txn_get(t, alarm_row(a, account, region, name), &row)) return false;
    *alarm = (struct alarm){0};
    ASSERT(record_decode(a, &cloudwatch_alarm_record, arena_str(a, row), alarm));
    alarm->account = account;
    alarm->region = region;
    alarm->name = name;
    return true;
}

void alarm_save(struct txn *t, struct arena *a, const struct alarm *alarm) {
    txn_put(t, alarm_row(a, alarm->account, alarm->region, alarm->name), record_encode(a, &cloudwatch_alarm_record, alarm));
}

str alarm_arn(struct arena *a, const struct alarm *alarm) {
    return arn_format(a, S("cloudwatch"), alarm->region, alarm->account, arena_concat(a, S("alarm:"), alarm->name));
}

void alarm_schedule(struct txn *t, struct arena *a, const struct alarm *alarm, i64 now_ms) {
    i64 step_ms = MAX(10, alarm->period_s) * 1000;
    txn_task_set(t, &(struct task){.kind = S("cloudwatch-alarm"), .key = alarm_arn(a, alarm), .due_ms = now_ms - now_ms % step_ms + step_ms});
}

/* ---- PutMetricAlarm ---- */

static struct record_pairs keys_of(struct arena *a, const struct cloudwatch_resource_list *list) {
    struct record_pairs p = {.v = NEW_ARRAY(a, struct record_pair, list->n + 1), .n = list->n, .set = list->n > 0};
    for (u32 i = 0; i < p.n; i++) p.v[i] = (struct record_pair){list->v[i], S("")};
    return p;
}

static err check_actions(struct call *c, const struct cloudwatch_resource_list *list, const char *member) {
    struct arn arn;
    for (u32 i = 0; i < list->n; i++) {
        if (!arn_parse(list->v[i], &arn)) return fail(c, &cloud_validation, "Invalid arn syntax: %.*s", STR_ARGS(list->v[i]));
        if (!str_eq(arn.service, S("sns"))) return fail(c, &cloud_not_implemented, "brume does not have the action %.*s of %s (yet).", STR_ARGS(list->v[i]), member);
    }
    return NULL;
}

static err check_alarm(struct call *c, const struct cloudwatch_put_metric_alarm_input *in) {
    static const char *const treatments[] = {"breaching", "notBreaching", "ignore", "missing"};
    bool treated = !in->treat_missing_data.p;
    struct statistic s;
    for (size_t i = 0; i < LENGTH(treatments); i++) treated |= str_eq(in->treat_missing_data, str_of(treatments[i]));
    if (in->metrics.n || in->threshold_metric_id.p || in->evaluation_criteria)
        return fail(c, &cloud_not_implemented, "brume has alarms on one metric only (yet): Metrics, ThresholdMetricId and EvaluationCriteria are not there.");
    if (!in->metric_name.p || !in->namespace.p || !in->period.set) return fail(c, &cloud_validation, "MetricName, Namespace and Period must be specified for an alarm on a metric");
    if (!in->statistic.p == !in->extended_statistic.p) return fail(c, &cloudwatch_invalid_parameter_combination_exception, "Exactly one of Statistic and ExtendedStatistic must be specified");
    if (!in->threshold.set || !in->comparison_operator.p || !in->evaluation_periods.set)
        return fail(c, &cloud_validation, "Threshold, ComparisonOperator and EvaluationPeriods must be specified");
    if (str_find(in->comparison_operator, S("ThanLowerThreshold")) != STR_NONE || str_find(in->comparison_operator, S("ThanLowerOr")) != STR_NONE || str_find(in->comparison_operator, S("UpperThreshold")) != STR_NONE)
        return fail(c, &cloud_not_implemented, "brume does not have anomaly bands (yet).");
    i64 p = in->period.v, periods = in->evaluation_periods.v;
    if (p != 10 && p != 20 && p != 30 && (p <= 0 || p % 60)) return fail(c, &cloud_validation, "Period must be 10, 20, 30 or a multiple of 60");
    if (periods < 1 || p * periods > (p >= 3600 ? 7 : 1) * 86400) return fail(c, &cloud_validation, "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).");
    if (in->datapoints_to_alarm.set && (in->datapoints_to_alarm.v < 1 || in->datapoints_to_alarm.v > periods))
        return fail(c, &cloud_validation, "DatapointsToAlarm must be less than or equal to EvaluationPeriods");
    if (in->extended_statistic.p && !statistic_parse(in->extended_statistic, &s)) return fail(c, &cloud_validation, "The value %.*s for parameter ExtendedStatistic is invalid.", STR_ARGS(in->extended_statistic));
    if (!treated) return fail(c, &cloud_validation, "Option %.*s is not supported. Supported options for TreatMissingData are [breaching, notBreaching, ignore, missing].", STR_ARGS(in->treat_missing_data));
    TRY(check_actions(c, &in->ok_actions, "OKActions"));
    TRY(check_actions(c, &in->alarm_actions, "AlarmActions"));
    return check_actions(c, &in->insufficient_data_actions, "InsufficientDataActions");
}

static const struct tag_errors tag_errors = {.too_many = &cloud_validation, .invalid = &cloud_validation};

static err tag(struct call *c, str arn, const struct cloudwatch_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

err cloudwatch_put_metric_alarm(struct call *c, const struct cloudwatch_put_metric_alarm_input *in, struct wire_unit *out) {
    (void)out;
    struct alarm old = {0};
    TRY(check_alarm(c, in));
    bool known = alarm_load(c->txn, c->arena, c->account, c->region, in->alarm_name, &old);
    struct alarm alarm = {
        .description = in->alarm_description, .space = in->namespace, .metric = in->metric_name, .statistic = in->statistic.p ? in->statistic : in->extended_statistic,
        .extended = in->extended_statistic.p != NULL, .unit = in->unit, .comparison = in->comparison_operator, .missing = in->treat_missing_data,
        .low_samples = in->evaluate_low_sample_count_percentile, .actions_off = in->actions_enabled.set && !in->actions_enabled.v, .ok_actions = keys_of(c->arena, &in->ok_actions),
        .alarm_actions = keys_of(c->arena, &in->alarm_actions), .insufficient_actions = keys_of(c->arena, &in->insufficient_data_actions),
        .dimensions = dimensions_sorted(c->arena, &in->dimensions), .period_s = in->period.v, .periods = in->evaluation_periods.v, .to_alarm = in->datapoints_to_alarm.v,
        .configured_ms = c->now_ms, .threshold = in->threshold.v, .state = S("INSUFFICIENT_DATA"), .reason = S("Unchecked: Initial alarm creation"), .updated_ms = c->now_ms,
        .changed_ms = c->now_ms, .account = c->account, .region = c->region, .name = in->alarm_name};
    if (known) { /* another configuration keeps the state */
        alarm.state = old.state;
        alarm.reason = old.reason;
        alarm.reason_data = old.reason_data;
        alarm.updated_ms = old.updated_ms;
        alarm.changed_ms = old.changed_ms;
    }
    alarm_save(c->txn, c->arena, &alarm);
    alarm_schedule(c->txn, c->arena, &alarm, c->now_ms);
    str arn = alarm_arn(c->arena, &alarm), summary = arena_format(c->arena, "Alarm \"%.*s\" %s", STR_ARGS(alarm.name), known ? "updated" : "created");
    history_add(c, &alarm, S("ConfigurationUpdate"), summary, arena_format(c->arena, "{\"version\":\"1.0\",\"type\":\"%s\"}", known ? "Update" : "Create"));
    if (known) return NULL;
    registry_add(c, arn, S("AWS::CloudWatch::Alarm"));
    return tag(c, arn, &in->tags);
}

/* ---- describing ---- */

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
        .state_updated_timestamp = SOME_TIME(m->updated_ms), .metric_name = m->metric, .namespace = m->space, .period = SOME_I32((i32)m->period_s), .unit = m->unit,
        .evaluation_periods = SOME_I32((i32)m->periods), .threshold = SOME_F64(m->threshold), .comparison_operator = m->comparison, .treat_missing_data = m->missing,
        .evaluate_low_sample_count_percentile = m->low_samples, .state_transitioned_timestamp = SOME_TIME(m->changed_ms)};
    if (m->extended) out.extended_statistic = m->statistic;
    else out.statistic = m->statistic;
    if (m->to_alarm) out.datapoints_to_alarm = SOME_I32((i32)m->to_alarm);
    out.dimensions = (struct cloudwatch_dimensions){NEW_ARRAY(a, struct cloudwatch_dimension, m->dimensions.n + 1), m->dimensions.n, true};
    for (u32 i = 0; i < m->dimensions.n; i++) out.dimensions.v[i] = (struct cloudwatch_dimension){m->dimensions.v[i].key, m->dimensions.v[i].value};
    return out;
}

static bool next_alarm(struct call *c, struct range *r, struct alarm *alarm) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    *alarm = (struct alarm){0};
    ASSERT(record_decode(c->arena, &cloudwatch_alarm_record, arena_str(c->arena, row), alarm));
    for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) alarm->name = part;
    alarm->account = c->account;
    alarm->region = c->region;
    return true;
}

static bool has_prefix(const struct record_pairs *p, str prefix) {
    for (u32 i = 0; i < p->n; i++)
        if (str_starts(p->v[i].key, prefix)) return true;
    return false;
}

static bool described(const struct cloudwatch_describe_alarms_input *in, const struct alarm *m) {
    bool named = in->alarm_names.n == 0;
    for (u32 i = 0; i < in->alarm_names.n; i++) named |= str_eq(in->alarm_names.v[i], m->name);
    if (!named || (in->alarm_name_prefix.p && !str_starts(m->name, in->alarm_name_prefix)) || (in->state_value.p && !str_eq(in->state_value, m->state))) return false;
    if (!in->action_prefix.p) return true;
    return has_prefix(&m->ok_actions, in->action_prefix) || has_prefix(&m->alarm_actions, in->action_prefix) || has_prefix(&m->insufficient_actions, in->action_prefix);
}

err cloudwatch_describe_alarms(struct call *c, const struct cloudwatch_describe_alarms_input *in, struct cloudwatch_describe_alarms_output *out) {
    u32 max = in->max_records.set ? (u32)in->max_records.v : in->alarm_names.n ? 100 : 50;
    str position = {0};
    struct alarm alarm;
    bool metric_alarms = in->alarm_types.n == 0;
    if (in->children_of_alarm_name.p || in->parents_of_alarm_name.p) return fail(c, &cloud_not_implemented, "brume does not have composite alarms (yet).");
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    if (in->alarm_names.n && in->alarm_name_prefix.p) return fail(c, &cloud_validation, "AlarmNamePrefix and AlarmNames may not both be specified");
    for (u32 i = 0; i < in->alarm_types.n; i++) metric_alarms |= str_eq(in->alarm_types.v[i], S("MetricAlarm"));
    out->metric_alarms.v = NEW_ARRAY(c->arena, struct cloudwatch_metric_alarm, max);
    out->metric_alarms.set = out->composite_alarms.set = out->log_alarms.set = true;
    struct key k = alarms_key(c->arena, c->account, c->region);
    str all = key_bytes(&k);
    struct range r = txn_range(c->txn, position.p ? alarm_row(c->arena, c->account, c->region, position) : all, key_after_prefix(c->arena, all));
    while (metric_alarms && next_alarm(c, &r, &alarm)) {
        if (!described(in, &alarm)) continue;
        if (out->metric_alarms.n == max) {
            out->next_token = page_token(c, alarm.name);
            break;
        }
        out->metric_alarms.v[out->metric_alarms.n++] = shown(c->arena, &alarm);
    }
    return NULL;
}

err cloudwatch_describe_alarms_for_metric(struct call *c, const struct cloudwatch_describe_alarms_for_metric_input *in, struct cloudwatch_describe_alarms_for_metric_output *out) {
    enum { ALARMS_MAX = 5000 };
    struct alarm m;
    struct record_pairs wanted = dimensions_sorted(c->arena, &in->dimensions);
    str statistic = in->statistic.p ? in->statistic : in->extended_statistic;
    struct key k = alarms_key(c->arena, c->account, c->region);
    str all = key_bytes(&k);
    out->metric_alarms.v = NEW_ARRAY(c->arena, struct cloudwatch_metric_alarm, ALARMS_MAX);
    out->metric_alarms.set = true;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (out->metric_alarms.n < ALARMS_MAX && next_alarm(c, &r, &m)) {
        bool same = str_eq(m.space, in->namespace) && str_eq(m.metric, in->metric_name) && m.dimensions.n == wanted.n;
        for (u32 i = 0; same && i < wanted.n; i++) same = str_eq(wanted.v[i].key, m.dimensions.v[i].key) && str_eq(wanted.v[i].value, m.dimensions.v[i].value);
        if (!same || (statistic.p && !str_eq(statistic, m.statistic)) || (in->period.set && in->period.v != m.period_s) || (in->unit.p && !str_eq(in->unit, m.unit))) continue;
        out->metric_alarms.v[out->metric_alarms.n++] = shown(c->arena, &m);
    }
    return NULL;
}

/* ---- switched, set, deleted ---- */

err cloudwatch_set_alarm_state(struct call *c, const struct cloudwatch_set_alarm_state_input *in, struct wire_unit *out) {
    (void)out;
    struct alarm alarm;
    if (!alarm_load(c->txn, c->arena, c->account, c->region, in->alarm_name, &alarm)) return fail(c, &cloudwatch_resource_not_found, "%s", "");
    alarm_becomes(c, &alarm, in->state_value, in->state_reason, in->state_reason_data);
    return NULL;
}

static err permitted(struct call *c, str action, str name) {
    str arn = alarm_arn(c->arena, &(struct alarm){.account = c->account, .region = c->region, .name = name});
    return may(c, action, arn) ? NULL : deny(c, action, arn);
}

static err switch_actions(struct call *c, const struct cloudwatch_alarm_names *names, bool off) {
    struct alarm alarm;
    for (u32 i = 0; i < names->n; i++) {
        TRY(permitted(c, off ? S("cloudwatch:DisableAlarmActions") : S("cloudwatch:EnableAlarmActions"), names->v[i]));
        if (!alarm_load(c->txn, c->arena, c->account, c->region, names->v[i], &alarm)) continue;
        alarm.actions_off = off;
        alarm_save(c->txn, c->arena, &alarm);
    }
    return NULL;
}

err cloudwatch_enable_alarm_actions(struct call *c, const struct cloudwatch_enable_alarm_actions_input *in, struct wire_unit *out) {
    (void)out;
    return switch_actions(c, &in->alarm_names, false);
}

err cloudwatch_disable_alarm_actions(struct call *c, const struct cloudwatch_disable_alarm_actions_input *in, struct wire_unit *out) {
    (void)out;
    return switch_actions(c, &in->alarm_names, true);
}

err cloudwatch_delete_alarms(struct call *c, const struct cloudwatch_delete_alarms_input *in, struct wire_unit *out) {
    (void)out;
    struct alarm alarm;
    for (u32 i = 0; i < in->alarm_names.n; i++) {
        TRY(permitted(c, S("cloudwatch:DeleteAlarms"), in->alarm_names.v[i]));
        if (!alarm_load(c->txn, c->arena, c->account, c->region, in->alarm_names.v[i], &alarm)) continue;
        str arn = alarm_arn(c->arena, &alarm);
        history_add(c, &alarm, S("ConfigurationUpdate"), arena_format(c->arena, "Alarm \"%.*s\" deleted", STR_ARGS(alarm.name)), S("{\"version\":\"1.0\",\"type\":\"Delete\"}"));
        txn_delete(c->txn, alarm_row(c->arena, c->account, c->region, alarm.name));
        txn_task_cancel(c->txn, S("cloudwatch-alarm"), arn);
        registry_remove(c, arn);
    }
    return NULL;
}

/* ---- tags ---- */

static err tagged(struct call *c, str text) {
    struct arn arn;
    struct alarm alarm;
    if (arn_parse(text, &arn) && str_starts(arn.resource, S("alarm:")) && alarm_load(c->txn, c->arena, arn.account, arn.region, str_skip(arn.resource, 6), &alarm)) return NULL;
    return fail(c, &cloudwatch_resource_not_found_exception, "Unable to find alarm %.*s", STR_ARGS(text));
}

err cloudwatch_tag_resource(struct call *c, const struct cloudwatch_tag_resource_input *in, struct cloudwatch_tag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return tag(c, in->resource_arn, &in->tags);
}

err cloudwatch_untag_resource(struct call *c, const struct cloudwatch_untag_resource_input *in, struct cloudwatch_untag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

/* Of one that is gone: nothing. */
err cloudwatch_list_tags_for_resource(struct call *c, const struct cloudwatch_list_tags_for_resource_input *in, struct cloudwatch_list_tags_for_resource_output *out) {
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags = (struct cloudwatch_tag_list){NEW_ARRAY(c->arena, struct cloudwatch_tag, tags.n + 1), tags.n, true};
    for (u32 i = 0; i < tags.n; i++) out->tags.v[i] = (struct cloudwatch_tag){tags.v[i].key, tags.v[i].value};
    return NULL;
}
