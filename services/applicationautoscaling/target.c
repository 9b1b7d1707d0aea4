/* Scalable targets: registered with their bounds, shown, suspended, tagged, given up. */
#include "scaling.h"

#include "gen/iam.h"

static const struct tag_errors tag_errors = {.too_many = &applicationautoscaling_too_many_tags_exception, .invalid = &applicationautoscaling_validation_exception};

struct scaled scaled_of(struct call *c, str space, str resource, str dimension) {
    return (struct scaled){.account = c->account, .region = c->region, .space = space, .resource = resource, .dimension = dimension};
}

str scaling_key(struct arena *a, str type, const struct scaled *of, str name) {
    str parts[] = {of->account, of->region, type, of->space, of->resource, of->dimension, name};
    struct key k = key_new(a, S("application-autoscaling"));
    for (size_t i = 0; i < LENGTH(parts) && parts[i].p; i++) key_str(&k, parts[i]);
    return key_bytes(&k);
}

void scaling_key_read(struct arena *a, str key, struct scaled *of, str *name) {
    str rest = arena_str(a, key), part;
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &of->account) && key_read_str(&rest, a, &of->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &of->space) && key_read_str(&rest, a, &of->resource) && key_read_str(&rest, a, &of->dimension));
    if (name) ASSERT(key_read_str(&rest, a, name));
}

bool target_load(struct call *c, const struct scaled *of, struct target *t) {
    str row;
    if (!txn_get(c->txn, scaling_key(c->arena, S("target"), of, (str){0}), &row)) return false;
    *t = (struct target){0};
    ASSERT(record_decode(c->arena, &scaling_target_record, arena_str(c->arena, row), t));
    t->of = *of;
    return true;
}

static err no_target(struct call *c, const struct scaled *of, const char *what) {
    return fail(c, &applicationautoscaling_object_not_found_exception, "No scalable target %s for service namespace: %.*s, resource ID: %.*s, scalable dimension: %.*s", what,
                STR_ARGS(of->space), STR_ARGS(of->resource), STR_ARGS(of->dimension));
}

err target_open(struct call *c, const struct scaled *of, struct target *t) { return target_load(c, of, t) ? NULL : no_target(c, of, "registered"); }

void target_save(struct call *c, const struct target *t) {
    txn_put(c->txn, scaling_key(c->arena, S("target"), &t->of, (str){0}), record_encode(c->arena, &scaling_target_record, t));
}

str target_arn(struct call *c, const struct target *t) { return arn_of(c, S("application-autoscaling"), arena_concat(c->arena, S("scalable-target/"), t->id)); }

err page_of(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max) {
    *position = (str){0};
    *max = limit.set ? (u32)MAX(0, limit.v) : PAGE;
    if (!*max || *max > PAGE) return fail(c, &applicationautoscaling_validation_exception, "MaxResults must be between 1 and %d", PAGE);
    if (token.p && !page_position(c, token, position)) return fail(c, &applicationautoscaling_invalid_next_token_exception, "Invalid NextToken");
    return NULL;
}

bool one_of(const struct applicationautoscaling_resource_ids_max_len1600 *names, str name) {
    for (u32 i = 0; i < names->n; i++)
        if (str_eq(names->v[i], name)) return true;
    return !names->n;
}

/* ---- RegisterScalableTarget ---- */

/* The first target of its kind in an account makes the role, by the rights of who registers it. */
static err role_and_capacity(struct call *c, const struct dimension *d, const struct scaled *of, i64 *capacity) {
    struct iam_create_service_linked_role_response made;
    struct call_other create = {.service = &iam_service, .op = IAM_OP_CREATE_SERVICE_LINKED_ROLE, .as = CALL_FORWARDED};
    err e = d->read(c, d, of, capacity);
    if (e != &cloud_access_denied) return e;
    TRY(call_service(c, &create, &(struct iam_create_service_linked_role_request){.aws_service_name = str_of(d->linked_service)}, &made));
    return d->read(c, d, of, capacity);
}

static void suspend(struct target *t, const struct applicationautoscaling_suspended_state *s) {
    if (!s) return;
    if (s->dynamic_scaling_in_suspended.set) t->in_suspended = s->dynamic_scaling_in_suspended.v;
    if (s->dynamic_scaling_out_suspended.set) t->out_suspended = s->dynamic_scaling_out_suspended.v;
    if (s->scheduled_scaling_suspended.set) t->schedule_suspended = s->scheduled_scaling_suspended.v;
}

static err bounds(struct call *c, const struct applicationautoscaling_register_scalable_target_request *in, bool known, struct target *t) {
    if (!known && (!in->min_capacity.set || !in->max_capacity.set))
        return fail(c, &applicationautoscaling_validation_exception, "MinCapacity and MaxCapacity are required to register a new scalable target");
    if (in->min_capacity.set) t->min = in->min_capacity.v;
    if (in->max_capacity.set) t->max = in->max_capacity.v;
    if (t->min < 0 || t->max < 0) return fail(c, &applicationautoscaling_validation_exception, "Minimum and maximum capacity must not be negative");
    if (t->min > t->max) return fail(c, &applicationautoscaling_validation_exception, "Maximum capacity cannot be less than minimum capacity");
    return NULL;
}

static err tag(struct call *c, str arn, const struct applicationautoscaling_tag_map *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

err applicationautoscaling_register_scalable_target(struct call *c, const struct applicationautoscaling_register_scalable_target_request *in,
                                                    struct applicationautoscaling_register_scalable_target_response *out) {
    const struct dimension *d;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    struct target t;
    i64 capacity;
    TRY(dimension_of(c, of.space, of.resource, of.dimension, &d));
    bool known = target_load(c, &of, &t);
    if (!known) t = (struct target){.id = id_hex(c->arena, 36), .created_ms = c->now_ms, .of = of};
    TRY(bounds(c, in, known, &t));
    TRY(role_and_capacity(c, d, &of, &capacity));
    t.role = linked_role_arn(c, d); /* whatever role was named: services that have a linked role use that */
    suspend(&t, in->suspended_state);
    target_save(c, &t);
    out->scalable_target_arn = target_arn(c, &t);
    if (!known) registry_add(c, out->scalable_target_arn, S("AWS::ApplicationAutoScaling::ScalableTarget"));
    TRY(tag(c, out->scalable_target_arn, &in->tags));
    capacity_bound(c, d, &t);
    return NULL;
}

err applicationautoscaling_deregister_scalable_target(struct call *c, const struct applicationautoscaling_deregister_scalable_target_request *in,
                                                      struct applicationautoscaling_deregister_scalable_target_response *out) {
    (void)out;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    struct target t;
    if (!target_load(c, &of, &t)) return no_target(c, &of, "found");
    target_policies_drop(c, &of);
    target_scheduled_drop(c, &of);
    txn_delete(c->txn, scaling_key(c->arena, S("target"), &of, (str){0}));
    registry_remove(c, target_arn(c, &t));
    return NULL;
}

/* ---- shown ---- */

static struct applicationautoscaling_scalable_target shown(struct call *c, const struct target *t) {
    struct applicationautoscaling_suspended_state *s = NEW(c->arena, struct applicationautoscaling_suspended_state);
    *s = (struct applicationautoscaling_suspended_state){SOME_BOOL(t->in_suspended), SOME_BOOL(t->out_suspended), SOME_BOOL(t->schedule_suspended)};
    return (struct applicationautoscaling_scalable_target){
        .service_namespace = t->of.space, .resource_id = t->of.resource, .scalable_dimension = t->of.dimension, .min_capacity = SOME_I32((i32)t->min), .max_capacity = SOME_I32((i32)t->max),
        .role_arn = t->role, .creation_time = SOME_TIME(t->created_ms), .suspended_state = s, .scalable_target_arn = target_arn(c, t)};
}

err applicationautoscaling_describe_scalable_targets(struct call *c, const struct applicationautoscaling_describe_scalable_targets_request *in,
                                                     struct applicationautoscaling_describe_scalable_targets_response *out) {
    struct scaled of = scaled_of(c, in->service_namespace, (str){0}, (str){0});
    str position, key, row, all = scaling_key(c->arena, S("target"), &of, (str){0});
    u32 max;
    TRY(page_of(c, in->next_token, in->max_results, &position, &max));
    if (in->scalable_dimension.p && !in->resource_ids.n) return fail(c, &applicationautoscaling_validation_exception, "ResourceId must be specified with ScalableDimension");
    out->scalable_targets.v = NEW_ARRAY(c->arena, struct applicationautoscaling_scalable_target, max);
    out->scalable_targets.set = true;
    struct range r = txn_range(c->txn, position.p ? position : all, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        struct target t = {0};
        ASSERT(record_decode(c->arena, &scaling_target_record, arena_str(c->arena, row), &t));
        scaling_key_read(c->arena, key, &t.of, NULL);
        if (!one_of(&in->resource_ids, t.of.resource) || (in->scalable_dimension.p && !str_eq(in->scalable_dimension, t.of.dimension))) continue;
        if (out->scalable_targets.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        out->scalable_targets.v[out->scalable_targets.n++] = shown(c, &t);
    }
    return NULL;
}

/* ---- tags ---- */

static err tagged(struct call *c, str arn) {
    struct resource r;
    if (registry_get(c, arn, &r) && str_eq(r.account, c->account) && str_eq(r.region, c->region)) return NULL;
    struct applicationautoscaling_resource_not_found_exception *members = NEW(c->arena, struct applicationautoscaling_resource_not_found_exception);
    *members = (struct applicationautoscaling_resource_not_found_exception){.resource_name = arn};
    return fail_with(c, &applicationautoscaling_resource_not_found_exception, members, "The specified resource %.*s does not exist.", STR_ARGS(arn));
}

err applicationautoscaling_tag_resource(struct call *c, const struct applicationautoscaling_tag_resource_request *in, struct applicationautoscaling_tag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return tag(c, in->resource_arn, &in->tags);
}

err applicationautoscaling_untag_resource(struct call *c, const struct applicationautoscaling_untag_resource_request *in, struct applicationautoscaling_untag_resource_response *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err applicationautoscaling_list_tags_for_resource(struct call *c, const struct applicationautoscaling_list_tags_for_resource_request *in,
                                                  struct applicationautoscaling_list_tags_for_resource_response *out) {
    TRY(tagged(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct applicationautoscaling_tag_map_entry, tags.n + 1);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct applicationautoscaling_tag_map_entry){tags.v[i].key, tags.v[i].value};
    return NULL;
}
