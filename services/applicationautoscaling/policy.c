/* Scaling policies: put, shown, deleted. */
#include "scaling.h"

str policy_arn(struct call *c, const struct policy *p) {
    return arn_of(c, S("autoscaling"), arena_format(c->arena, "scalingPolicy:%.*s:resource/%.*s/%.*s:policyName/%.*s", STR_ARGS(p->id), STR_ARGS(p->of.space), STR_ARGS(p->of.resource), STR_ARGS(p->name)));
}

struct range target_policies(struct call *c, const struct scaled *of) {
    str all = scaling_key(c->arena, S("policy"), of, (str){0});
    return txn_range(c->txn, all, key_after_prefix(c->arena, all));
}

void policy_decode(struct call *c, str key, str row, struct policy *p) {
    *p = (struct policy){0};
    ASSERT(record_decode(c->arena, &scaling_policy_record, arena_str(c->arena, row), p));
    scaling_key_read(c->arena, key, &p->of, &p->name);
}

static bool load(struct call *c, const struct scaled *of, str name, struct policy *p) {
    str key = scaling_key(c->arena, S("policy"), of, name), row;
    if (!txn_get(c->txn, key, &row)) return false;
    policy_decode(c, key, row, p);
    return true;
}

void policy_save(struct call *c, const struct policy *p) {
    txn_put(c->txn, scaling_key(c->arena, S("policy"), &p->of, p->name), record_encode(c->arena, &scaling_policy_record, p));
}

static void drop(struct call *c, const struct policy *p) {
    alarms_drop(c, p);
    txn_delete(c->txn, scaling_key(c->arena, S("policy"), &p->of, p->name));
}

void target_policies_drop(struct call *c, const struct scaled *of) {
    str key, row;
    struct policy p;
    struct range r = target_policies(c, of);
    while (range_next(&r, &key, &row)) {
        policy_decode(c, key, row, &p);
        drop(c, &p);
    }
}

/* ---- PutScalingPolicy ---- */

static err take_metric(struct call *c, const struct dimension *d, const struct applicationautoscaling_target_tracking_scaling_policy_configuration *in, struct policy *p) {
    const struct applicationautoscaling_customized_metric_specification *own = in->customized_metric_specification;
    const struct applicationautoscaling_predefined_metric_specification *known = in->predefined_metric_specification;
    if (!own == !known)
        return fail(c, &applicationautoscaling_validation_exception, "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified");
    if (known) {
        if (!d->predefined || !str_eq(known->predefined_metric_type, str_of(d->predefined)))
            return fail(c, &applicationautoscaling_validation_exception, "PredefinedMetricType %.*s is not valid for scalable dimension %s", STR_ARGS(known->predefined_metric_type), d->name);
        p->predefined = known->predefined_metric_type;
        p->label = known->resource_label;
        return in->target_value.v >= 20 && in->target_value.v <= 90 ? NULL : fail(c, &applicationautoscaling_validation_exception, "TargetValue must be between 20.0 and 90.0 for DynamoDB");
    }
    if (own->metrics.n) return fail(c, &cloud_not_implemented, "brume does not have Metrics of CustomizedMetricSpecification (yet).");
    if (!own->metric_name.p || !own->namespace.p || !own->statistic.p)
        return fail(c, &applicationautoscaling_validation_exception, "MetricName, Namespace and Statistic must be specified in CustomizedMetricSpecification");
    p->metric = own->metric_name;
    p->metric_space = own->namespace;
    p->statistic = own->statistic;
    p->unit = own->unit;
    p->dimensions = (struct record_pairs){NEW_ARRAY(c->arena, struct record_pair, own->dimensions.n + 1), own->dimensions.n, own->dimensions.n > 0};
    for (u32 i = 0; i < own->dimensions.n; i++) p->dimensions.v[i] = (struct record_pair){own->dimensions.v[i].name, own->dimensions.v[i].value};
    return NULL;
}

static err cooldown(struct call *c, struct opt_i32 in, bool *has, i64 *seconds) {
    *has = in.set;
    *seconds = in.v;
    return in.set && in.v < 0 ? fail(c, &applicationautoscaling_validation_exception, "Cooldown must not be negative") : NULL;
}

static err take_tracking(struct call *c, const struct dimension *d, const struct applicationautoscaling_target_tracking_scaling_policy_configuration *in, struct policy *p) {
    if (!in) return fail(c, &applicationautoscaling_validation_exception, "TargetTrackingScalingPolicyConfiguration must be specified for policy type TargetTrackingScaling");
    if (!(in->target_value.v > 0)) return fail(c, &applicationautoscaling_validation_exception, "TargetValue must be greater than 0");
    p->value = in->target_value.v;
    p->in_disabled = in->disable_scale_in.v;
    TRY(cooldown(c, in->scale_out_cooldown, &p->has_out_cooldown, &p->out_cooldown_s));
    TRY(cooldown(c, in->scale_in_cooldown, &p->has_in_cooldown, &p->in_cooldown_s));
    return take_metric(c, d, in, p);
}

/* Of what there is to scale here, nothing takes steps or forecasts (API reference, PutScalingPolicy, PolicyType). */
static err take(struct call *c, const struct dimension *d, const struct applicationautoscaling_put_scaling_policy_request *in, struct policy *p) {
    p->type = in->policy_type.p ? in->policy_type : in->target_tracking_scaling_policy_configuration ? S("TargetTrackingScaling") : S("StepScaling");
    if (str_eq(p->type, S("TargetTrackingScaling"))) return take_tracking(c, d, in->target_tracking_scaling_policy_configuration, p);
    return fail(c, &applicationautoscaling_validation_exception, "Policy type %.*s is not supported for service namespace %.*s", STR_ARGS(p->type), STR_ARGS(in->service_namespace));
}

static u32 count(struct call *c, const struct scaled *of) {
    str key, row;
    struct range r = target_policies(c, of);
    u32 n = 0;
    while (n < POLICIES_MAX && range_next(&r, &key, &row)) n++;
    return n;
}

err applicationautoscaling_put_scaling_policy(struct call *c, const struct applicationautoscaling_put_scaling_policy_request *in,
                                              struct applicationautoscaling_put_scaling_policy_response *out) {
    const struct dimension *d;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    struct target t;
    struct policy p = {.created_ms = c->now_ms, .of = of, .name = in->policy_name}, old;
    i64 capacity;
    TRY(dimension_of(c, of.space, of.resource, of.dimension, &d));
    TRY(take(c, d, in, &p));
    TRY(target_open(c, &of, &t));
    bool known = load(c, &of, in->policy_name, &old);
    if (!known && count(c, &of) >= POLICIES_MAX) return fail(c, &applicationautoscaling_limit_exceeded_exception, "A scalable target can have at most %d scaling policies", POLICIES_MAX);
    p.id = known ? old.id : id_uuid(c->arena);
    if (known) { /* another kind of metric has other alarms */
        p.created_ms = old.created_ms;
        p.alarms = old.alarms;
        if (p.in_disabled != old.in_disabled || (p.predefined.p != NULL) != (old.predefined.p != NULL)) alarms_drop(c, &old);
    }
    TRY(d->read(c, d, &of, &capacity));
    TRY(alarms_put(c, &p, capacity));
    policy_save(c, &p);
    out->policy_arn = policy_arn(c, &p);
    out->alarms = alarms_shown(c, &p);
    return NULL;
}

err applicationautoscaling_delete_scaling_policy(struct call *c, const struct applicationautoscaling_delete_scaling_policy_request *in,
                                                 struct applicationautoscaling_delete_scaling_policy_response *out) {
    (void)out;
    struct policy p;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    if (!load(c, &of, in->policy_name, &p))
        return fail(c, &applicationautoscaling_object_not_found_exception,
                    "No scaling policy found for service namespace: %.*s, resource ID: %.*s, scalable dimension: %.*s, policy name: %.*s", STR_ARGS(of.space), STR_ARGS(of.resource),
                    STR_ARGS(of.dimension), STR_ARGS(in->policy_name));
    drop(c, &p);
    return NULL;
}

/* ---- shown ---- */

static struct opt_i32 seconds_of(bool has, i64 seconds) { return has ? SOME_I32((i32)seconds) : (struct opt_i32){0}; }

static struct applicationautoscaling_target_tracking_scaling_policy_configuration *tracking_shown(struct call *c, const struct policy *p) {
    struct applicationautoscaling_target_tracking_scaling_policy_configuration *t = NEW(c->arena, struct applicationautoscaling_target_tracking_scaling_policy_configuration);
    *t = (struct applicationautoscaling_target_tracking_scaling_policy_configuration){
        .target_value = SOME_F64(p->value), .scale_out_cooldown = seconds_of(p->has_out_cooldown, p->out_cooldown_s), .scale_in_cooldown = seconds_of(p->has_in_cooldown, p->in_cooldown_s)};
    if (p->in_disabled) t->disable_scale_in = SOME_BOOL(true);
    if (p->predefined.p) {
        t->predefined_metric_specification = NEW(c->arena, struct applicationautoscaling_predefined_metric_specification);
        *t->predefined_metric_specification = (struct applicationautoscaling_predefined_metric_specification){p->predefined, p->label};
        return t;
    }
    struct applicationautoscaling_customized_metric_specification *own = NEW(c->arena, struct applicationautoscaling_customized_metric_specification);
    *own = (struct applicationautoscaling_customized_metric_specification){.metric_name = p->metric, .namespace = p->metric_space, .statistic = p->statistic, .unit = p->unit};
    own->dimensions = (struct applicationautoscaling_metric_dimensions){NEW_ARRAY(c->arena, struct applicationautoscaling_metric_dimension, p->dimensions.n + 1), p->dimensions.n, p->dimensions.n > 0};
    for (u32 i = 0; i < p->dimensions.n; i++) own->dimensions.v[i] = (struct applicationautoscaling_metric_dimension){p->dimensions.v[i].key, p->dimensions.v[i].value};
    t->customized_metric_specification = own;
    return t;
}

static struct applicationautoscaling_scaling_policy shown(struct call *c, const struct policy *p) {
    return (struct applicationautoscaling_scaling_policy){
        .policy_arn = policy_arn(c, p), .policy_name = p->name, .service_namespace = p->of.space, .resource_id = p->of.resource, .scalable_dimension = p->of.dimension, .policy_type = p->type,
        .target_tracking_scaling_policy_configuration = tracking_shown(c, p),
        .alarms = alarms_shown(c, p), .creation_time = SOME_TIME(p->created_ms)};
}

err applicationautoscaling_describe_scaling_policies(struct call *c, const struct applicationautoscaling_describe_scaling_policies_request *in,
                                                     struct applicationautoscaling_describe_scaling_policies_response *out) {
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    str position, key, row;
    u32 max;
    TRY(page_of(c, in->next_token, in->max_results, &position, &max));
    if (in->scalable_dimension.p && !in->resource_id.p) return fail(c, &applicationautoscaling_validation_exception, "ResourceId must be specified with ScalableDimension");
    out->scaling_policies.v = NEW_ARRAY(c->arena, struct applicationautoscaling_scaling_policy, max);
    out->scaling_policies.set = true;
    str all = scaling_key(c->arena, S("policy"), &of, (str){0});
    struct range r = txn_range(c->txn, position.p ? position : all, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        struct policy p;
        policy_decode(c, key, row, &p);
        if (!one_of(&in->policy_names, p.name)) continue;
        if (out->scaling_policies.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        out->scaling_policies.v[out->scaling_policies.n++] = shown(c, &p);
    }
    return NULL;
}
