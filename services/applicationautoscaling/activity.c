/* Scaling activities: what was set, why, and what came of it; kept for six weeks. */
#include "scaling.h"

enum { TRIM = 3 };

static struct key activities_key(struct call *c, str space) {
    struct key k = key_new(c->arena, S("application-autoscaling-activity"));
    key_str(&k, c->account);
    key_str(&k, c->region);
    key_str(&k, space);
    return k;
}

static i64 oldest_ms(const struct call *c) { return c->now_ms - (i64)ACTIVITY_DAYS * 86400000; }

void activity_add(struct call *c, const struct scaled *of, struct activity *a) {
    struct key k = activities_key(c, of->space), end = activities_key(c, of->space);
    str begin = key_bytes(&k), key, row;
    key_i64(&end, oldest_ms(c));
    struct range r = txn_range(c->txn, begin, key_bytes(&end));
    for (int i = 0; i < TRIM && range_next(&r, &key, &row); i++) txn_delete(c->txn, key);
    a->id = id_uuid(c->arena);
    a->resource = of->resource;
    a->dimension = of->dimension;
    a->start_ms = c->now_ms;
    k = activities_key(c, of->space);
    key_i64(&k, c->now_ms);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &scaling_activity_record, a));
}

static bool last_of(struct call *c, const struct scaled *of, struct activity *a) {
    enum { LOOK = 50 };
    struct key k = activities_key(c, of->space);
    str all = key_bytes(&k), key, row;
    struct range r = txn_range_backwards(c->txn, all, key_after_prefix(c->arena, all));
    for (int i = 0; i < LOOK && range_next(&r, &key, &row); i++) {
        *a = (struct activity){0};
        ASSERT(record_decode(c->arena, &scaling_activity_record, arena_str(c->arena, row), a));
        if (str_eq(a->resource, of->resource) && str_eq(a->dimension, of->dimension)) return true;
    }
    return false;
}

/* An alarm that goes on ringing for nothing is told of once. */
void activity_not_scaled(struct call *c, const struct target *t, str cause, const char *reason, i64 current) {
    struct activity last, a = {.description = S("Attempting to scale due to alarm triggered"), .cause = cause, .status = S("Failed"), .reason = str_of(reason),
                               .end_ms = c->now_ms, .reason_min = t->min, .reason_max = t->max, .reason_current = current};
    if (last_of(c, &t->of, &last) && str_eq(last.reason, a.reason) && str_eq(last.cause, cause)) return;
    activity_add(c, &t->of, &a);
}

static struct applicationautoscaling_scaling_activity shown(struct call *c, str space, const struct activity *a) {
    struct applicationautoscaling_scaling_activity s = {
        .activity_id = a->id, .service_namespace = space, .resource_id = a->resource, .scalable_dimension = a->dimension, .description = a->description, .cause = a->cause,
        .start_time = SOME_TIME(a->start_ms), .status_code = a->status, .status_message = a->message};
    if (a->end_ms) s.end_time = SOME_TIME(a->end_ms);
    if (!a->reason.p) return s;
    struct applicationautoscaling_not_scaled_reason *reason = NEW(c->arena, struct applicationautoscaling_not_scaled_reason);
    *reason = (struct applicationautoscaling_not_scaled_reason){.code = a->reason};
    if (str_eq(a->reason, S("AlreadyAtMaxCapacity"))) reason->max_capacity = SOME_I32((i32)a->reason_max);
    else if (str_eq(a->reason, S("AlreadyAtMinCapacity"))) reason->min_capacity = SOME_I32((i32)a->reason_min);
    else reason->current_capacity = SOME_I32((i32)a->reason_current);
    s.not_scaled_reasons = (struct applicationautoscaling_not_scaled_reasons){reason, 1, true};
    return s;
}

err applicationautoscaling_describe_scaling_activities(struct call *c, const struct applicationautoscaling_describe_scaling_activities_request *in,
                                                       struct applicationautoscaling_describe_scaling_activities_response *out) {
    str position, key, row, last = {0};
    u32 max;
    TRY(page_of(c, in->next_token, in->max_results, &position, &max));
    if (in->scalable_dimension.p && !in->resource_id.p) return fail(c, &applicationautoscaling_validation_exception, "ResourceId must be specified with ScalableDimension");
    out->scaling_activities.v = NEW_ARRAY(c->arena, struct applicationautoscaling_scaling_activity, max);
    out->scaling_activities.set = true;
    struct key from = activities_key(c, in->service_namespace), all = activities_key(c, in->service_namespace);
    key_i64(&from, oldest_ms(c));
    struct range r = txn_range_backwards(c->txn, key_bytes(&from), position.p ? position : key_after_prefix(c->arena, key_bytes(&all)));
    while (range_next(&r, &key, &row)) {
        struct activity a = {0};
        ASSERT(record_decode(c->arena, &scaling_activity_record, arena_str(c->arena, row), &a));
        if ((in->resource_id.p && !str_eq(in->resource_id, a.resource)) || (in->scalable_dimension.p && !str_eq(in->scalable_dimension, a.dimension))) continue;
        if (a.reason.p && !in->include_not_scaled_activities.v) continue;
        if (out->scaling_activities.n == max) {
            out->next_token = page_token(c, last);
            break;
        }
        last = arena_str(c->arena, key);
        out->scaling_activities.v[out->scaling_activities.n++] = shown(c, in->service_namespace, &a);
    }
    return NULL;
}
