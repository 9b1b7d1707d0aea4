/* The scaling of a table's replicas, read and set at once: what is kept of it are scalable targets and policies of
 * Application Auto Scaling, in each region, by the rights of who asks. */
#include "services/dynamodb/dynamodb.h"

#include "gen/applicationautoscaling.h"

struct place { /* a dimension of a table or index, in a region */
    str region, resource, dimension;
    bool reads;
};

static struct place place_of(struct call *c, const struct ddb_table *t, str region, str index, bool reads) {
    str resource = arena_format(c->arena, "table/%.*s%s%.*s", STR_ARGS(t->name), index.p ? "/index/" : "", STR_ARGS(index));
    return (struct place){region, resource, arena_format(c->arena, "dynamodb:%s:%sCapacityUnits", index.p ? "index" : "table", reads ? "Read" : "Write"), reads};
}

static struct call_other scaling(const struct place *p, u16 op) {
    return (struct call_other){.service = &applicationautoscaling_service, .op = op, .as = CALL_FORWARDED, .region = p->region};
}

/* ---- shown ---- */

static struct dynamodb_auto_scaling_policy_description policy_shown(struct call *c, const struct applicationautoscaling_scaling_policy *p) {
    const struct applicationautoscaling_target_tracking_scaling_policy_configuration *from = p->target_tracking_scaling_policy_configuration;
    struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_description *to = NEW(c->arena, struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_description);
    *to = (struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_description){
        .disable_scale_in = from->disable_scale_in, .scale_in_cooldown = from->scale_in_cooldown, .scale_out_cooldown = from->scale_out_cooldown, .target_value = from->target_value};
    return (struct dynamodb_auto_scaling_policy_description){.policy_name = p->policy_name, .target_tracking_scaling_policy_configuration = to};
}

static err shown(struct call *c, const struct place *p, struct dynamodb_auto_scaling_settings_description **out) {
    struct applicationautoscaling_describe_scalable_targets_response targets;
    struct applicationautoscaling_describe_scaling_policies_response policies;
    struct call_other of_targets = scaling(p, APPLICATIONAUTOSCALING_OP_DESCRIBE_SCALABLE_TARGETS), of_policies = scaling(p, APPLICATIONAUTOSCALING_OP_DESCRIBE_SCALING_POLICIES);
    str resource = p->resource;
    struct dynamodb_auto_scaling_settings_description *s = *out = NEW(c->arena, struct dynamodb_auto_scaling_settings_description);
    *s = (struct dynamodb_auto_scaling_settings_description){.auto_scaling_disabled = SOME_BOOL(true)};
    TRY(call_service(c, &of_targets, &(struct applicationautoscaling_describe_scalable_targets_request){.service_namespace = S("dynamodb"), .resource_ids = {&resource, 1, true}, .scalable_dimension = p->dimension}, &targets));
    if (!targets.scalable_targets.n) return NULL;
    const struct applicationautoscaling_scalable_target *t = targets.scalable_targets.v;
    *s = (struct dynamodb_auto_scaling_settings_description){.minimum_units = SOME_I64(t->min_capacity.v), .maximum_units = SOME_I64(t->max_capacity.v), .auto_scaling_disabled = SOME_BOOL(false), .auto_scaling_role_arn = t->role_arn};
    TRY(call_service(c, &of_policies, &(struct applicationautoscaling_describe_scaling_policies_request){.service_namespace = S("dynamodb"), .resource_id = p->resource, .scalable_dimension = p->dimension}, &policies));
    s->scaling_policies = (struct dynamodb_auto_scaling_policy_description_list){NEW_ARRAY(c->arena, struct dynamodb_auto_scaling_policy_description, policies.scaling_policies.n + 1), 0, true};
    for (u32 i = 0; i < policies.scaling_policies.n; i++)
        if (policies.scaling_policies.v[i].target_tracking_scaling_policy_configuration) s->scaling_policies.v[s->scaling_policies.n++] = policy_shown(c, &policies.scaling_policies.v[i]);
    return NULL;
}

static err both_shown(struct call *c, const struct ddb_table *t, str region, str index, struct dynamodb_auto_scaling_settings_description **reads, struct dynamodb_auto_scaling_settings_description **writes) {
    struct place r = place_of(c, t, region, index, true), w = place_of(c, t, region, index, false);
    TRY(shown(c, &r, reads));
    return shown(c, &w, writes);
}

static err replica_shown(struct call *c, const struct ddb_table *t, str region, struct dynamodb_replica_auto_scaling_description *out) {
    *out = (struct dynamodb_replica_auto_scaling_description){.region_name = region, .replica_status = S("ACTIVE")};
    TRY(both_shown(c, t, region, (str){0}, &out->replica_provisioned_read_capacity_auto_scaling_settings, &out->replica_provisioned_write_capacity_auto_scaling_settings));
    out->global_secondary_indexes.v = NEW_ARRAY(c->arena, struct dynamodb_replica_global_secondary_index_auto_scaling_description, DDB_INDEXES_MAX);
    out->global_secondary_indexes.set = true;
    for (u32 i = 0; i < t->indexes.n; i++) {
        if (t->indexes.v[i].kind != DDB_GLOBAL) continue;
        struct dynamodb_replica_global_secondary_index_auto_scaling_description *x = &out->global_secondary_indexes.v[out->global_secondary_indexes.n++];
        *x = (struct dynamodb_replica_global_secondary_index_auto_scaling_description){.index_name = t->indexes.v[i].name, .index_status = S("ACTIVE")};
        TRY(both_shown(c, t, region, x->index_name, &x->provisioned_read_capacity_auto_scaling_settings, &x->provisioned_write_capacity_auto_scaling_settings));
    }
    return NULL;
}

static err table_shown(struct call *c, const struct ddb_table *t, struct dynamodb_table_auto_scaling_description **out) {
    struct dynamodb_table_auto_scaling_description *d = *out = NEW(c->arena, struct dynamodb_table_auto_scaling_description);
    *d = (struct dynamodb_table_auto_scaling_description){.table_name = t->name, .table_status = t->state == DDB_ACTIVE ? S("ACTIVE") : S("UPDATING")};
    d->replicas = (struct dynamodb_replica_auto_scaling_description_list){NEW_ARRAY(c->arena, struct dynamodb_replica_auto_scaling_description, t->replicas.n + 1), 0, true};
    TRY(replica_shown(c, t, c->region, &d->replicas.v[d->replicas.n++]));
    for (u32 i = 0; i < t->replicas.n; i++) TRY(replica_shown(c, t, t->replicas.v[i].text, &d->replicas.v[d->replicas.n++]));
    return NULL;
}

err dynamodb_describe_table_replica_auto_scaling(struct call *c, const struct dynamodb_describe_table_replica_auto_scaling_input *in, struct dynamodb_describe_table_replica_auto_scaling_output *out) {
    struct ddb_table t;
    TRY(ddb_table_open(c, in->table_name, &t));
    return table_shown(c, &t, &out->table_auto_scaling_description);
}

/* ---- set ---- */

static err set_policy(struct call *c, const struct place *p, const struct dynamodb_auto_scaling_policy_update *in) {
    const struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_update *from = in->target_tracking_scaling_policy_configuration;
    str metric = p->reads ? S("DynamoDBReadCapacityUtilization") : S("DynamoDBWriteCapacityUtilization");
    struct applicationautoscaling_predefined_metric_specification known = {.predefined_metric_type = metric};
    struct applicationautoscaling_target_tracking_scaling_policy_configuration to = {
        .target_value = from->target_value, .predefined_metric_specification = &known, .disable_scale_in = from->disable_scale_in,
        .scale_in_cooldown = from->scale_in_cooldown, .scale_out_cooldown = from->scale_out_cooldown};
    struct applicationautoscaling_put_scaling_policy_response out;
    struct applicationautoscaling_put_scaling_policy_request put = {
        .policy_name = in->policy_name.p ? in->policy_name : arena_format(c->arena, "%.*s:%.*s", STR_ARGS(metric), STR_ARGS(p->resource)), .service_namespace = S("dynamodb"),
        .resource_id = p->resource, .scalable_dimension = p->dimension, .policy_type = S("TargetTrackingScaling"), .target_tracking_scaling_policy_configuration = &to};
    struct call_other other = scaling(p, APPLICATIONAUTOSCALING_OP_PUT_SCALING_POLICY);
    return call_service(c, &other, &put, &out);
}

static err set(struct call *c, const struct place *p, const struct dynamodb_auto_scaling_settings_update *in) {
    struct applicationautoscaling_register_scalable_target_response made;
    struct applicationautoscaling_deregister_scalable_target_response gone;
    struct call_other to_register = scaling(p, APPLICATIONAUTOSCALING_OP_REGISTER_SCALABLE_TARGET), to_deregister = scaling(p, APPLICATIONAUTOSCALING_OP_DEREGISTER_SCALABLE_TARGET);
    if (!in) return NULL;
    if (in->auto_scaling_disabled.v) {
        struct applicationautoscaling_deregister_scalable_target_request out = {.service_namespace = S("dynamodb"), .resource_id = p->resource, .scalable_dimension = p->dimension};
        err e = call_service(c, &to_deregister, &out, &gone);
        return e == &applicationautoscaling_object_not_found_exception ? NULL : e;
    }
    struct applicationautoscaling_register_scalable_target_request bounds = {.service_namespace = S("dynamodb"), .resource_id = p->resource, .scalable_dimension = p->dimension};
    if (in->minimum_units.set) bounds.min_capacity = SOME_I32((i32)MIN(in->minimum_units.v, INT32_MAX));
    if (in->maximum_units.set) bounds.max_capacity = SOME_I32((i32)MIN(in->maximum_units.v, INT32_MAX));
    TRY(call_service(c, &to_register, &bounds, &made));
    return in->scaling_policy_update ? set_policy(c, p, in->scaling_policy_update) : NULL;
}

static err set_replica(struct call *c, const struct ddb_table *t, const struct dynamodb_replica_auto_scaling_update *in) {
    bool known = str_eq(in->region_name, c->region);
    for (u32 i = 0; i < t->replicas.n; i++) known |= str_eq(in->region_name, t->replicas.v[i].text);
    if (!known) return fail(c, &cloud_validation, "Replica not found: the table %.*s has none in %.*s", STR_ARGS(t->name), STR_ARGS(in->region_name));
    struct place table = place_of(c, t, in->region_name, (str){0}, true);
    TRY(set(c, &table, in->replica_provisioned_read_capacity_auto_scaling_update));
    for (u32 i = 0; i < in->replica_global_secondary_index_updates.n; i++) {
        const struct dynamodb_replica_global_secondary_index_auto_scaling_update *x = &in->replica_global_secondary_index_updates.v[i];
        struct place index = place_of(c, t, in->region_name, x->index_name, true);
        TRY(set(c, &index, x->provisioned_read_capacity_auto_scaling_update));
    }
    return NULL;
}

/* Writes are scaled alike in every region, reads in each as it wants. */
static err set_writes(struct call *c, const struct ddb_table *t, str region, const struct dynamodb_update_table_replica_auto_scaling_input *in) {
    struct place table = place_of(c, t, region, (str){0}, false);
    TRY(set(c, &table, in->provisioned_write_capacity_auto_scaling_update));
    for (u32 i = 0; i < in->global_secondary_index_updates.n; i++) {
        struct place index = place_of(c, t, region, in->global_secondary_index_updates.v[i].index_name, false);
        TRY(set(c, &index, in->global_secondary_index_updates.v[i].provisioned_write_capacity_auto_scaling_update));
    }
    return NULL;
}

err dynamodb_update_table_replica_auto_scaling(struct call *c, const struct dynamodb_update_table_replica_auto_scaling_input *in, struct dynamodb_update_table_replica_auto_scaling_output *out) {
    struct ddb_table t;
    if (!in->global_secondary_index_updates.n && !in->provisioned_write_capacity_auto_scaling_update && !in->replica_updates.n)
        return fail(c, &cloud_validation, "At least one of GlobalSecondaryIndexUpdates, ProvisionedWriteCapacityAutoScalingUpdate or ReplicaUpdates is required");
    TRY(ddb_table_open(c, in->table_name, &t));
    if (t.on_demand) return fail(c, &cloud_validation, "Auto scaling settings cannot be updated for a table in PAY_PER_REQUEST mode: %.*s", STR_ARGS(t.name));
    TRY(set_writes(c, &t, c->region, in));
    for (u32 i = 0; i < t.replicas.n; i++) TRY(set_writes(c, &t, t.replicas.v[i].text, in));
    for (u32 i = 0; i < in->replica_updates.n; i++) TRY(set_replica(c, &t, &in->replica_updates.v[i]));
    return table_shown(c, &t, &out->table_auto_scaling_description);
}
