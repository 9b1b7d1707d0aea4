/* The scaling of a table's replicas, read and set at once: what is kept of it are scalable targets and policies of
 * Application Auto Scaling, in each region, by the rights of who asks. */
#include "services/dynamodb/global.h"

#include "gen/applicationautoscaling.h"

#define FAILED "Failed to update settings for global table with name: ‘%.*s’"

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
    *s = (struct dynamodb_auto_scaling_settings_description){.auto_scaling_disabled = SOME_BOOL(true), .scaling_policies.set = true};
    TRY(call_service(c, &of_targets, &(struct applicationautoscaling_describe_scalable_targets_request){.service_namespace = S("dynamodb"), .resource_ids = {&resource, 1, true}, .scalable_dimension = p->dimension}, &targets));
    if (!targets.scalable_targets.n) return NULL;
    const struct applicationautoscaling_scalable_target *t = targets.scalable_targets.v;
    TRY(call_service(c, &of_policies, &(struct applicationautoscaling_describe_scaling_policies_request){.service_namespace = S("dynamodb"), .resource_id = p->resource, .scalable_dimension = p->dimension}, &policies));
    if (!policies.scaling_policies.n) return NULL; /* bounds without a policy scale nothing */
    *s = (struct dynamodb_auto_scaling_settings_description){.minimum_units = SOME_I64(t->min_capacity.v), .maximum_units = SOME_I64(t->max_capacity.v), .auto_scaling_role_arn = t->role_arn};
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
    struct ddb_table replica;
    *out = (struct dynamodb_replica_auto_scaling_description){.region_name = region};
    if (ddb_table_load(c->txn, c->arena, t->account, region, t->name, &replica)) out->replica_status = ddb_table_status(&replica);
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
    *d = (struct dynamodb_table_auto_scaling_description){.table_name = t->name, .table_status = ddb_table_status(t)};
    d->replicas = (struct dynamodb_replica_auto_scaling_description_list){NEW_ARRAY(c->arena, struct dynamodb_replica_auto_scaling_description, t->replicas.n + 1), 0, true};
    for (u32 i = 0; i <= t->replicas.n; i++) { /* by their names, this one among them */
        str region = i < t->replicas.n ? t->replicas.v[i].text : t->region;
        u32 at = d->replicas.n++;
        for (; at && str_cmp(d->replicas.v[at - 1].region_name, region) > 0; at--) d->replicas.v[at] = d->replicas.v[at - 1];
        TRY(replica_shown(c, t, region, &d->replicas.v[at]));
    }
    return NULL;
}

/* As AWS: of tables without replicas this API knows nothing. */
static err open_group(struct call *c, str name, struct ddb_table *t) {
    err e = ddb_table_open(c, name, t);
    if (e && e != &dynamodb_resource_not_found_exception) return e;
    if (!e && t->replicas.n) return NULL;
    return fail(c, &dynamodb_resource_not_found_exception, "Global table with name: '%.*s' does not exist.", STR_ARGS(t->name));
}

err dynamodb_describe_table_replica_auto_scaling(struct call *c, const struct dynamodb_describe_table_replica_auto_scaling_input *in, struct dynamodb_describe_table_replica_auto_scaling_output *out) {
    struct ddb_table t;
    TRY(open_group(c, in->table_name, &t));
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
    if (!str_eq(in->region_name, t->region) && !ddb_replica_listed(t, in->region_name)) /* DIFFERS: AWS's words are known but for their end */
        return fail(c, &dynamodb_resource_not_found_exception, FAILED " because a replica does not exist in regions: ‘[%.*s]’.", STR_ARGS(t->name), STR_ARGS(in->region_name));
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

/* ---- of a table that gets a replica ---- */

static struct dynamodb_auto_scaling_settings_update *as_shown(struct call *c, const struct dynamodb_auto_scaling_settings_description *s) {
    const struct dynamodb_auto_scaling_policy_description *from = s->scaling_policies.v;
    struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_update *to = NEW(c->arena, struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_update);
    struct dynamodb_auto_scaling_policy_update *policy = NEW(c->arena, struct dynamodb_auto_scaling_policy_update);
    struct dynamodb_auto_scaling_settings_update *all = NEW(c->arena, struct dynamodb_auto_scaling_settings_update);
    *to = (struct dynamodb_auto_scaling_target_tracking_scaling_policy_configuration_update){
        .disable_scale_in = from->target_tracking_scaling_policy_configuration->disable_scale_in, .scale_in_cooldown = from->target_tracking_scaling_policy_configuration->scale_in_cooldown,
        .scale_out_cooldown = from->target_tracking_scaling_policy_configuration->scale_out_cooldown, .target_value = from->target_tracking_scaling_policy_configuration->target_value};
    *policy = (struct dynamodb_auto_scaling_policy_update){from->policy_name, to};
    *all = (struct dynamodb_auto_scaling_settings_update){.minimum_units = s->minimum_units, .maximum_units = s->maximum_units, .scaling_policy_update = policy};
    return all;
}

/* there: absent, or the region that shall scale likewise. */
static err writes_of(struct call *c, const struct ddb_table *t, str index, str there) {
    struct place here = place_of(c, t, t->region, index, false), same = place_of(c, t, there, index, false);
    struct dynamodb_auto_scaling_settings_description *s;
    TRY(shown(c, &here, &s));
    if (!s->scaling_policies.n)
        return fail(c, &cloud_validation, "%s write capacity should either be Pay-Per-Request or AutoScaled.", index.p ? "GSI" : "Table");
    return there.p ? set(c, &same, as_shown(c, s)) : NULL;
}

static err writes(struct call *c, const struct ddb_table *t, str there) {
    if (t->on_demand) return NULL;
    TRY(writes_of(c, t, (str){0}, there));
    for (u32 i = 0; i < t->indexes.n; i++)
        if (t->indexes.v[i].kind == DDB_GLOBAL) TRY(writes_of(c, t, t->indexes.v[i].name, there));
    return NULL;
}

err ddb_writes_scaled(struct call *c, const struct ddb_table *t) { return writes(c, t, (str){0}); }
err ddb_writes_scale_there(struct call *c, const struct ddb_table *t, str region) { return writes(c, t, region); }

/* ---- what is wrong with a request, whatever table it names ---- */

static err check_update(struct call *c, str name, const struct dynamodb_auto_scaling_settings_update *in) {
    struct buf b = buf_new(c->arena, 256);
    if (!in) return NULL;
    bool off = in->auto_scaling_disabled.v; /* all three are given to turn it on, none to turn it off */
    if (in->maximum_units.set == off) buf_format(&b, "%s'MaximumUnits'", b.n ? ", " : "");
    if ((in->scaling_policy_update != NULL) == off) buf_format(&b, "%s'ScalingPolicyUpdate'", b.n ? ", " : "");
    if (in->minimum_units.set == off) buf_format(&b, "%s'MinimumUnits'", b.n ? ", " : "");
    if (!b.n) return NULL;
    if (off) return fail(c, &cloud_validation, "Failed to update settings for global table with name ‘%.*s’: Parameters %.*s must be left blank when disabling auto scaling.", STR_ARGS(name), STR_ARGS(buf_str(&b)));
    return fail(c, &cloud_validation, FAILED ": Parameters %.*s are required unless auto scaling is being disabled.", STR_ARGS(name), STR_ARGS(buf_str(&b)));
}

static err check_replica(struct call *c, str name, const struct dynamodb_replica_auto_scaling_update_list *list, u32 at) {
    const struct dynamodb_replica_auto_scaling_update *in = &list->v[at];
    for (u32 i = 0; i < MIN(at, DDB_APART_MAX); i++)
        if (str_eq(list->v[i].region_name, in->region_name)) return fail(c, &cloud_validation, FAILED " because the regions: ‘[%.*s]’ were specified more than once.", STR_ARGS(name), STR_ARGS(in->region_name));
    if (!in->replica_provisioned_read_capacity_auto_scaling_update && !in->replica_global_secondary_index_updates.n)
        return fail(c, &cloud_validation, FAILED " because at least one update parameter must be specified for region: ‘%.*s’.", STR_ARGS(name), STR_ARGS(in->region_name));
    TRY(check_update(c, name, in->replica_provisioned_read_capacity_auto_scaling_update));
    for (u32 i = 0; i < in->replica_global_secondary_index_updates.n; i++) TRY(check_update(c, name, in->replica_global_secondary_index_updates.v[i].provisioned_read_capacity_auto_scaling_update));
    return NULL;
}

static err check(struct call *c, const struct dynamodb_update_table_replica_auto_scaling_input *in) {
    struct arn arn;
    str name = arn_parse(in->table_name, &arn) && str_starts(arn.resource, S("table/")) ? str_skip(arn.resource, 6) : in->table_name;
    if (!in->global_secondary_index_updates.n && !in->provisioned_write_capacity_auto_scaling_update && !in->replica_updates.n)
        return fail(c, &cloud_validation, FAILED " because at least one update parameter must be specified.", STR_ARGS(name));
    TRY(check_update(c, name, in->provisioned_write_capacity_auto_scaling_update));
    for (u32 i = 0; i < in->global_secondary_index_updates.n; i++) TRY(check_update(c, name, in->global_secondary_index_updates.v[i].provisioned_write_capacity_auto_scaling_update));
    for (u32 i = 0; i < in->replica_updates.n; i++) TRY(check_replica(c, name, &in->replica_updates, i));
    return NULL;
}

static bool turns_on(const struct dynamodb_auto_scaling_settings_update *in) { return in && !in->auto_scaling_disabled.v; }

/* A group that is paid for by request scales by itself; to turn scaling off there is no fault. */
static err check_mode(struct call *c, const struct dynamodb_update_table_replica_auto_scaling_input *in, const struct ddb_table *t) {
    const char *what = turns_on(in->provisioned_write_capacity_auto_scaling_update) ? "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate" : NULL;
    for (u32 i = 0; i < in->replica_updates.n && !what; i++)
        if (turns_on(in->replica_updates.v[i].replica_provisioned_read_capacity_auto_scaling_update)) what = "ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate";
    if (!t->on_demand || !what) return NULL;
    struct dynamodb_table_auto_scaling_description *all;
    struct buf regions = buf_new(c->arena, 2048);
    TRY(table_shown(c, t, &all));
    for (u32 i = 0; i < all->replicas.n; i++) {
        buf_add(&regions, i ? S(", '") : S("'"));
        for (size_t k = 0; k < all->replicas.v[i].region_name.n; k++) {
            char ch = all->replicas.v[i].region_name.p[k];
            buf_char(&regions, ch >= 'a' && ch <= 'z' ? (char)(ch - 'a' + 'A') : ch);
        }
        buf_char(&regions, '\'');
    }
    return fail(c, &cloud_validation, "Failed to update global table with name ‘%.*s‘. Replicas %.*s BillingMode is PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: '%s'.",
                STR_ARGS(t->name), STR_ARGS(buf_str(&regions)), what);
}

/* As AWS: the answer tells what was before. */
err dynamodb_update_table_replica_auto_scaling(struct call *c, const struct dynamodb_update_table_replica_auto_scaling_input *in, struct dynamodb_update_table_replica_auto_scaling_output *out) {
    struct ddb_table t;
    TRY(check(c, in));
    TRY(open_group(c, in->table_name, &t));
    TRY(check_mode(c, in, &t));
    TRY(table_shown(c, &t, &out->table_auto_scaling_description));
    TRY(set_writes(c, &t, c->region, in));
    for (u32 i = 0; i < t.replicas.n; i++) TRY(set_writes(c, &t, t.replicas.v[i].text, in));
    for (u32 i = 0; i < in->replica_updates.n; i++) TRY(set_replica(c, &t, &in->replica_updates.v[i]));
    return NULL;
}
