/* The alarms of a policy that tracks a value: one on each side of it, and, where the metric is what is consumed of a
 * capacity, two that notice when somebody else changes that capacity. They are named, and their thresholds set, as AWS
 * does (DynamoDB developer guide, "Using the AWS CLI to manage DynamoDB auto scaling"). */
#include "scaling.h"

enum { HIGH_PERIODS = 3, HIGH_PERIODS_CONSUMED = 2, LOW_PERIODS = 15, CHANGED_PERIODS = 3, CHANGED_PERIOD_S = 300, PERIOD_S = 60, LOW_POINTS = 20 };

struct tracked {
    const char *kind;
    str metric, statistic;
    i32 periods, period_s;
    double threshold;
    bool above;
};

static const char *const kinds[] = {"AlarmHigh", "AlarmLow", "ProvisionedCapacityHigh", "ProvisionedCapacityLow"};

static str id_of(const struct policy *p, const char *kind) {
    for (u32 i = 0; i < p->alarms.n; i++)
        if (str_eq(p->alarms.v[i].kind, str_of(kind))) return p->alarms.v[i].id;
    return (str){0};
}

str alarm_name(struct arena *a, const struct policy *p, const char *kind) {
    str id = id_of(p, kind);
    return id.p ? arena_format(a, "TargetTracking-%.*s-%s-%.*s", STR_ARGS(p->of.resource), kind, STR_ARGS(id)) : (str){0};
}

static const struct dimension *dimension(struct call *c, const struct scaled *of) {
    const struct dimension *d;
    return dimension_of(c, of->space, of->resource, of->dimension, &d) ? NULL : d;
}

static struct cloudwatch_dimensions dimensions(struct call *c, const struct record_pairs *pairs) {
    struct cloudwatch_dimensions d = {NEW_ARRAY(c->arena, struct cloudwatch_dimension, pairs->n + 1), pairs->n, pairs->n > 0};
    for (u32 i = 0; i < pairs->n; i++) d.v[i] = (struct cloudwatch_dimension){pairs->v[i].key, pairs->v[i].value};
    return d;
}

static err put(struct call *c, const struct dimension *d, const struct policy *p, const struct tracked *t) {
    struct wire_unit out;
    struct call_other cloudwatch = as_linked_role(c, d, &cloudwatch_service, CLOUDWATCH_OP_PUT_METRIC_ALARM);
    str arn = policy_arn(c, p);
    struct record_pairs of = p->predefined.p ? d->metric_dimensions(c, &p->of) : p->dimensions;
    struct cloudwatch_put_metric_alarm_input in = {
        .alarm_name = alarm_name(c->arena, p, t->kind), .alarm_actions = {&arn, 1, true}, .metric_name = t->metric, .namespace = p->predefined.p ? str_of(d->metric_space) : p->metric_space,
        .statistic = t->statistic, .dimensions = dimensions(c, &of), .period = SOME_I32(t->period_s), .unit = p->unit, .evaluation_periods = SOME_I32(t->periods),
        .alarm_description = arena_format(c->arena, "DO NOT EDIT OR DELETE. For TargetTrackingScaling policy %.*s.", STR_ARGS(arn)), .threshold = SOME_F64(t->threshold),
        .comparison_operator = t->above ? S("GreaterThanThreshold") : S("LessThanThreshold")};
    return call_service(c, &cloudwatch, &in, &out);
}

static void give_ids(struct call *c, struct policy *p) {
    u32 n = p->in_disabled ? 1 : p->predefined.p ? LENGTH(kinds) : 2;
    struct policy_alarms alarms = {.v = NEW_ARRAY(c->arena, struct policy_alarm, LENGTH(kinds)), .set = true};
    for (u32 i = 0; i < LENGTH(kinds); i++) {
        if (i >= n && !(p->predefined.p && i >= 2)) continue;
        str known = id_of(p, kinds[i]);
        alarms.v[alarms.n++] = (struct policy_alarm){str_of(kinds[i]), known.p ? known : id_uuid(c->arena)};
    }
    p->alarms = alarms;
}

err alarms_put(struct call *c, struct policy *p, i64 capacity) {
    const struct dimension *d = dimension(c, &p->of);
    if (!d) return NULL;
    give_ids(c, p);
    double used = (double)capacity * PERIOD_S / 100; /* in a period, for each per cent of what is provisioned */
    bool consumed = p->predefined.p;
    str metric = consumed ? str_of(d->consumed) : p->metric, statistic = consumed ? S("Sum") : p->statistic, provisioned = str_of(d->provisioned);
    struct tracked all[] = {
        {kinds[0], metric, statistic, consumed ? HIGH_PERIODS_CONSUMED : HIGH_PERIODS, PERIOD_S, consumed ? used * p->value : p->value, true},
        {kinds[1], metric, statistic, LOW_PERIODS, PERIOD_S, consumed ? used * MAX(0, p->value - LOW_POINTS) : p->value * 0.9, false},
        {kinds[2], provisioned, S("Average"), CHANGED_PERIODS, CHANGED_PERIOD_S, (double)capacity, true},
        {kinds[3], provisioned, S("Average"), CHANGED_PERIODS, CHANGED_PERIOD_S, (double)capacity, false},
    };
    for (size_t i = 0; i < LENGTH(all); i++)
        if (id_of(p, all[i].kind).p) TRY(put(c, d, p, &all[i]));
    return NULL;
}

void alarms_drop(struct call *c, const struct policy *p) {
    struct wire_unit out;
    str names[LENGTH(kinds)];
    const struct dimension *d = dimension(c, &p->of);
    if (!d || !p->alarms.n) return;
    for (u32 i = 0; i < p->alarms.n; i++) names[i] = alarm_name(c->arena, p, arena_c_string(c->arena, p->alarms.v[i].kind));
    struct call_other cloudwatch = as_linked_role(c, d, &cloudwatch_service, CLOUDWATCH_OP_DELETE_ALARMS);
    /* An alarm over which somebody built a composite one stays, and rings for nothing. */
    err kept = call_service(c, &cloudwatch, &(struct cloudwatch_delete_alarms_input){.alarm_names = {names, p->alarms.n, true}}, &out);
    (void)kept;
}

struct applicationautoscaling_alarms alarms_shown(struct call *c, const struct policy *p) {
    struct applicationautoscaling_alarms alarms = {NEW_ARRAY(c->arena, struct applicationautoscaling_alarm, p->alarms.n + 1), p->alarms.n, true};
    for (u32 i = 0; i < alarms.n; i++) {
        str name = alarm_name(c->arena, p, arena_c_string(c->arena, p->alarms.v[i].kind));
        alarms.v[i] = (struct applicationautoscaling_alarm){.alarm_name = name, .alarm_arn = arn_of(c, S("cloudwatch"), arena_concat(c->arena, S("alarm:"), name))};
    }
    return alarms;
}

bool alarm_rings(struct call *c, const struct policy *p, const char *kind) {
    struct cloudwatch_describe_alarms_output out;
    const struct dimension *d = dimension(c, &p->of);
    str name = alarm_name(c->arena, p, kind);
    if (!d || !name.p) return false;
    struct call_other cloudwatch = as_linked_role(c, d, &cloudwatch_service, CLOUDWATCH_OP_DESCRIBE_ALARMS);
    if (call_service(c, &cloudwatch, &(struct cloudwatch_describe_alarms_input){.alarm_names = {&name, 1, true}}, &out)) return false;
    return out.metric_alarms.n && str_eq(out.metric_alarms.v[0].state_value, S("ALARM"));
}
