/* What an alarm tells in JSON: the message to topics, and the event of its change. */
#include "cloudwatch.h"

#include "text/json.h"
#include "text/tree.h"

static void keys(struct buf *b, const char *name, const struct record_pairs *p) {
    json_write_key(b, str_of(name));
    json_write_array(b);
    for (u32 i = 0; i < p->n; i++) json_write_string(b, p->v[i].key);
    json_write_array_end(b);
}

str region_name(str region) {
    static const char *const names[][2] = {
        {"us-east-1", "US East (N. Virginia)"},    {"us-east-2", "US East (Ohio)"},          {"us-west-1", "US West (N. California)"},   {"us-west-2", "US West (Oregon)"},
        {"eu-west-1", "EU (Ireland)"},             {"eu-west-2", "EU (London)"},             {"eu-west-3", "EU (Paris)"},                {"eu-central-1", "EU (Frankfurt)"},
        {"eu-north-1", "EU (Stockholm)"},          {"ap-south-1", "Asia Pacific (Mumbai)"},  {"ap-northeast-1", "Asia Pacific (Tokyo)"}, {"ap-northeast-2", "Asia Pacific (Seoul)"},
        {"ap-northeast-3", "Asia Pacific (Osaka)"}, {"ap-southeast-1", "Asia Pacific (Singapore)"}, {"ap-southeast-2", "Asia Pacific (Sydney)"}, {"ca-central-1", "Canada (Central)"},
        {"sa-east-1", "South America (Sao Paulo)"}};
    for (size_t i = 0; i < LENGTH(names); i++)
        if (str_eq(region, str_of(names[i][0]))) return str_of(names[i][1]);
    return region;
}

static str upper(struct arena *a, str s) {
    char *p = arena_c_string(a, s);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'a' && p[i] <= 'z') p[i] -= 32;
    return (str){p, s.n};
}

static void dimensions(struct buf *b, const struct record_pairs *d) {
    json_write_array(b);
    for (u32 i = 0; i < d->n; i++) {
        json_write_object(b);
        json_write_member(b, S("value"), d->v[i].value);
        json_write_member(b, S("name"), d->v[i].key);
        json_write_object_end(b);
    }
    json_write_array_end(b);
}

static void trigger_metrics(struct buf *b, const struct alarm *m) {
    json_write_key(b, S("Metrics"));
    json_write_array(b);
    for (u32 i = 0; i < m->queries.n; i++) {
        const struct alarm_query *q = &m->queries.v[i];
        json_write_object(b);
        if (q->expression.p) json_write_member(b, S("Expression"), q->expression);
        json_write_member(b, S("Id"), q->id);
        if (q->label.p) json_write_member(b, S("Label"), q->label);
        if (!q->expression.p) {
            json_write_key(b, S("MetricStat"));
            json_write_object(b);
            json_write_key(b, S("Metric"));
            json_write_object(b);
            json_write_key(b, S("Dimensions"));
            dimensions(b, &q->dimensions);
            json_write_member(b, S("MetricName"), q->metric);
            json_write_member(b, S("Namespace"), q->space);
            json_write_object_end(b);
            json_write_key(b, S("Period"));
            json_write_i64(b, q->period_s);
            json_write_member(b, S("Stat"), q->statistic);
            if (q->unit.p) json_write_member(b, S("Unit"), q->unit);
            json_write_object_end(b);
        }
        json_write_key(b, S("ReturnData"));
        json_write_boolean(b, !q->hidden);
        json_write_object_end(b);
    }
    json_write_array_end(b);
    if (m->threshold_id.p) json_write_member(b, S("ThresholdMetricId"), m->threshold_id);
}

static void trigger_metric(struct arena *a, struct buf *b, const struct alarm *m) {
    json_write_member(b, S("MetricName"), m->metric);
    json_write_member(b, S("Namespace"), m->space);
    json_write_member(b, S("StatisticType"), m->extended ? S("ExtendedStatistic") : S("Statistic"));
    json_write_member(b, m->extended ? S("ExtendedStatistic") : S("Statistic"), m->extended ? m->statistic : str_eq(m->statistic, S("SampleCount")) ? S("SAMPLE_COUNT") : upper(a, m->statistic));
    json_write_key(b, S("Unit"));
    if (m->unit.p) json_write_string(b, m->unit);
    else json_write_null(b);
    json_write_key(b, S("Dimensions"));
    dimensions(b, &m->dimensions);
}

static void trigger(struct arena *a, struct buf *b, const struct alarm *m) {
    json_write_object(b);
    if (m->queries.n) trigger_metrics(b, m);
    else trigger_metric(a, b, m);
    json_write_key(b, S("Period"));
    json_write_i64(b, alarm_period_s(m));
    json_write_key(b, S("EvaluationPeriods"));
    json_write_i64(b, m->periods);
    if (m->to_alarm) {
        json_write_key(b, S("DatapointsToAlarm"));
        json_write_i64(b, m->to_alarm);
    }
    json_write_member(b, S("ComparisonOperator"), m->comparison);
    if (!m->threshold_id.p) {
        json_write_key(b, S("Threshold"));
        json_write_f64(b, m->threshold);
    }
    json_write_member(b, S("TreatMissingData"), m->missing.p ? m->missing : S(""));
    json_write_member(b, S("EvaluateLowSampleCountPercentile"), m->low_samples.p ? m->low_samples : S(""));
    json_write_object_end(b);
}

/* From the reason's data, in the message's own letter case. */
static void triggering_children(struct call *c, struct buf *b, const struct alarm *m) {
    struct json_node *data = json_tree(c->arena, m->reason_data, json_default_limits, NULL, NULL), *list = data ? json_node_member(data, S("triggeringAlarms")) : NULL;
    json_write_key(b, S("TriggeringChildren"));
    json_write_array(b);
    for (struct json_node *n = list ? list->first : NULL; n; n = n->next) {
        const struct json_node *arn = json_node_member(n, S("arn")), *state = json_node_member(n, S("state"));
        const struct json_node *value = state ? json_node_member(state, S("value")) : NULL, *at = state ? json_node_member(state, S("timestamp")) : NULL;
        if (!arn || !value || !at) continue;
        json_write_object(b);
        json_write_member(b, S("Arn"), arn->text);
        json_write_key(b, S("State"));
        json_write_object(b);
        json_write_member(b, S("Value"), value->text);
        json_write_member(b, S("Timestamp"), at->text);
        json_write_object_end(b);
        json_write_object_end(b);
    }
    json_write_array_end(b);
}

str alarm_notification(struct call *c, const struct alarm *m, str old_state) {
    struct buf b = buf_new(c->arena, 1 << 18);
    json_write_object(&b);
    json_write_member(&b, S("AlarmName"), m->name);
    json_write_key(&b, S("AlarmDescription"));
    if (m->description.p) json_write_string(&b, m->description);
    else json_write_null(&b);
    json_write_member(&b, S("AWSAccountId"), m->account);
    json_write_member(&b, S("AlarmConfigurationUpdatedTimestamp"), full_date(c->arena, m->configured_ms));
    json_write_member(&b, S("NewStateValue"), m->state);
    json_write_member(&b, S("NewStateReason"), m->reason);
    json_write_member(&b, S("StateChangeTime"), full_date(c->arena, m->updated_ms));
    json_write_member(&b, S("Region"), region_name(m->region));
    json_write_member(&b, S("AlarmArn"), alarm_arn(c->arena, m));
    json_write_member(&b, S("OldStateValue"), old_state);
    keys(&b, "OKActions", &m->ok_actions);
    keys(&b, "AlarmActions", &m->alarm_actions);
    keys(&b, "InsufficientDataActions", &m->insufficient_actions);
    if (m->rule.p) {
        json_write_member(&b, S("AlarmRule"), m->rule);
        triggering_children(c, &b, m);
    } else {
        json_write_key(&b, S("Trigger"));
        trigger(c->arena, &b, m);
    }
    json_write_object_end(&b);
    return buf_str(&b);
}

static void state_json(struct call *c, struct buf *b, const char *name, const struct alarm *m) {
    json_write_key(b, str_of(name));
    json_write_object(b);
    json_write_member(b, S("value"), m->state);
    json_write_member(b, S("reason"), m->reason);
    if (m->reason_data.p) json_write_member(b, S("reasonData"), m->reason_data);
    if (m->suppressed_by.p) {
        json_write_member(b, S("actionsSuppressedBy"), m->suppressed_by);
        json_write_member(b, S("actionsSuppressedReason"), m->suppressed_reason);
    }
    json_write_member(b, S("timestamp"), full_date(c->arena, m->updated_ms));
    json_write_object_end(b);
}

static void event_metric(struct buf *b, struct call *c, const struct alarm_query *q) {
    json_write_object(b);
    json_write_member(b, S("id"), q->id);
    if (q->expression.p) json_write_member(b, S("expression"), q->expression);
    if (q->label.p) json_write_member(b, S("label"), q->label);
    if (!q->expression.p) {
        json_write_key(b, S("metricStat"));
        json_write_object(b);
        json_write_key(b, S("metric"));
        json_write_object(b);
        json_write_member(b, S("namespace"), q->space);
        json_write_member(b, S("name"), q->metric);
        json_write_key(b, S("dimensions"));
        json_write_object(b);
        for (u32 i = 0; i < q->dimensions.n; i++) json_write_member(b, q->dimensions.v[i].key, q->dimensions.v[i].value);
        json_write_object_end(b);
        json_write_object_end(b);
        json_write_key(b, S("period"));
        json_write_i64(b, q->period_s);
        json_write_member(b, S("stat"), q->statistic);
        json_write_object_end(b);
    }
    json_write_key(b, S("returnData"));
    json_write_boolean(b, !q->hidden);
    json_write_object_end(b);
}

static void event_metrics(struct call *c, struct buf *b, const struct alarm *m) {
    json_write_key(b, S("metrics"));
    json_write_array(b);
    struct alarm_query own = {.id = id_uuid(c->arena), .space = m->space, .metric = m->metric, .statistic = m->statistic, .dimensions = m->dimensions, .period_s = m->period_s};
    if (!m->queries.n) event_metric(b, c, &own);
    for (u32 i = 0; i < m->queries.n; i++) event_metric(b, c, &m->queries.v[i]);
    json_write_array_end(b);
}

static void event_rule(struct buf *b, const struct alarm *m) {
    json_write_member(b, S("alarmRule"), m->rule);
    if (!m->suppressor.p) return;
    json_write_member(b, S("actionsSuppressor"), m->suppressor);
    json_write_key(b, S("actionsSuppressorWaitPeriod"));
    json_write_i64(b, m->wait_s);
    json_write_key(b, S("actionsSuppressorExtensionPeriod"));
    json_write_i64(b, m->extension_s);
}

str alarm_event_detail(struct call *c, const struct alarm *m, const struct alarm *old) {
    struct buf b = buf_new(c->arena, 1 << 18);
    json_write_object(&b);
    json_write_member(&b, S("alarmName"), m->name);
    state_json(c, &b, "state", m);
    state_json(c, &b, "previousState", old);
    json_write_key(&b, S("configuration"));
    json_write_object(&b);
    if (m->description.p) json_write_member(&b, S("description"), m->description);
    if (m->rule.p) event_rule(&b, m);
    else event_metrics(c, &b, m);
    json_write_object_end(&b);
    json_write_object_end(&b);
    return buf_str(&b);
}

/* ---- changes of the configuration ---- */

static void arns(struct buf *b, const char *name, const struct record_pairs *list) {
    json_write_key(b, str_of(name));
    json_write_array(b);
    for (u32 i = 0; i < list->n; i++) json_write_string(b, list->v[i].key);
    json_write_array_end(b);
}

static void limits(struct buf *b, const struct alarm *m) {
    json_write_key(b, S("evaluationPeriods"));
    json_write_i64(b, m->periods);
    if (m->to_alarm) {
        json_write_key(b, S("datapointsToAlarm"));
        json_write_i64(b, m->to_alarm);
    }
    if (m->threshold_id.p) json_write_member(b, S("thresholdMetricId"), m->threshold_id);
    else {
        json_write_key(b, S("threshold"));
        json_write_f64(b, m->threshold);
    }
    json_write_member(b, S("comparisonOperator"), m->comparison);
    if (m->missing.p) json_write_member(b, S("treatMissingData"), m->missing);
}

static void configuration(struct call *c, struct buf *b, const char *name, const struct alarm *m) {
    json_write_key(b, str_of(name));
    json_write_object(b);
    if (!m->rule.p) limits(b, m);
    if (m->rule.p) event_rule(b, m);
    else event_metrics(c, b, m);
    json_write_member(b, S("alarmName"), m->name);
    if (m->description.p) json_write_member(b, S("description"), m->description);
    json_write_key(b, S("actionsEnabled"));
    json_write_boolean(b, !m->actions_off);
    json_write_member(b, S("timestamp"), full_date(c->arena, m->configured_ms));
    arns(b, "okActions", &m->ok_actions);
    arns(b, "alarmActions", &m->alarm_actions);
    arns(b, "insufficientDataActions", &m->insufficient_actions);
    json_write_object_end(b);
}

void alarm_configuration_event(struct call *c, const struct alarm *m, const char *operation, const struct alarm *old) {
    struct buf b = buf_new(c->arena, 1 << 19);
    json_write_object(&b);
    json_write_member(&b, S("alarmName"), m->name);
    json_write_member(&b, S("operation"), str_of(operation));
    json_write_key(&b, S("state"));
    json_write_object(&b);
    json_write_member(&b, S("value"), m->state);
    json_write_member(&b, S("timestamp"), full_date(c->arena, m->updated_ms));
    json_write_object_end(&b);
    configuration(c, &b, "configuration", m);
    if (old) configuration(c, &b, "previousConfiguration", old);
    json_write_object_end(&b);
    emit_event(c, S("CloudWatch Alarm Configuration Change"), alarm_arn(c->arena, m), buf_str(&b));
}
