/* Scheduled actions: new bounds for a target, at a time. */
#include "scaling.h"

#include "cloud/schedule.h"

static str key_of(struct call *c, const struct scaled *of, str name) { return scaling_key(c->arena, S("scheduled"), of, name); }

static void decode(struct arena *a, str key, str row, struct scheduled *s) {
    *s = (struct scheduled){0};
    ASSERT(record_decode(a, &scaling_scheduled_record, arena_str(a, row), s));
    scaling_key_read(a, key, &s->of, &s->name);
}

static str arn_of_action(struct call *c, const struct scheduled *s) {
    return arn_of(c, S("autoscaling"), arena_format(c->arena, "scheduledAction:%.*s:resource/%.*s/%.*s:scheduledActionName/%.*s", STR_ARGS(s->id), STR_ARGS(s->of.space), STR_ARGS(s->of.resource), STR_ARGS(s->name)));
}

/* ---- when ---- */

static i64 next_after(struct arena *a, const struct scheduled *s, i64 after_ms) {
    struct schedule parsed;
    const struct zone *zone;
    i64 next, since = s->start_ms ? s->start_ms : s->created_ms;
    if (!schedule_parse(s->expression, &parsed) || zone_open(a, s->zone.p ? s->zone : S("UTC"), &zone) != ZONE_FOUND) return -1;
    if (parsed.kind == SCHEDULE_RATE) next = after_ms < since ? since : since + ((after_ms - since) / parsed.rate_ms + 1) * parsed.rate_ms;
    else next = schedule_next_in(&parsed, zone, parsed.kind == SCHEDULE_AT ? after_ms : MAX(after_ms, s->start_ms - 1));
    return s->end_ms && next > s->end_ms ? -1 : next;
}

static void set_timer(struct txn *t, struct arena *a, const struct scheduled *s, i64 after_ms) {
    str key = scaling_key(a, S("scheduled"), &s->of, s->name);
    i64 next = next_after(a, s, after_ms);
    if (next >= 0) txn_task_set(t, &(struct task){.kind = S("application-autoscaling"), .key = key, .due_ms = next});
    else txn_task_cancel(t, S("application-autoscaling"), key);
}

/* The bounds are an activity of their own, without an end. */
static void tell(struct call *c, const struct scheduled *s) {
    str min = s->has_min ? arena_format(c->arena, "min capacity to %lld", (long long)s->min) : S("");
    str max = s->has_max ? arena_format(c->arena, "max capacity to %lld", (long long)s->max) : S("");
    str bounds = arena_format(c->arena, "%.*s%s%.*s", STR_ARGS(min), min.n && max.n ? " and " : "", STR_ARGS(max));
    activity_add(c, &s->of, &(struct activity){.description = arena_format(c->arena, "Setting %.*s", STR_ARGS(bounds)), .status = S("Successful"),
                                               .cause = arena_format(c->arena, "scheduled action name %.*s was triggered", STR_ARGS(s->name)),
                                               .message = arena_format(c->arena, "Successfully set %.*s", STR_ARGS(bounds))});
}

err scheduled_run(struct txn *txn, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(txn);
    struct scheduled s;
    struct target t;
    const struct dimension *d;
    str row;
    if (!txn_get(txn, task->key, &row)) return NULL;
    decode(a, task->key, row, &s);
    struct call *c = call_for_task(txn, &applicationautoscaling_service, s.of.account, s.of.region, now_ms);
    set_timer(txn, a, &s, now_ms);
    if (!target_load(c, &s.of, &t) || t.schedule_suspended || dimension_of(c, s.of.space, s.of.resource, s.of.dimension, &d)) return NULL;
    if (s.has_min) t.min = s.min;
    if (s.has_max) t.max = s.max;
    if (t.min > t.max) *(s.has_min ? &t.max : &t.min) = s.has_min ? t.min : t.max; /* the bound that the action names holds */
    target_save(c, &t);
    tell(c, &s);
    capacity_bound(c, d, &t);
    return NULL;
}

static void drop(struct call *c, str key) {
    txn_task_cancel(c->txn, S("application-autoscaling"), key);
    txn_delete(c->txn, key);
}

void target_scheduled_drop(struct call *c, const struct scaled *of) {
    str all = key_of(c, of, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) drop(c, arena_str(c->arena, key));
}

/* ---- PutScheduledAction: what a second one leaves out stays as it was, but for the times; and bounds are taken whole ---- */

static err take_schedule(struct call *c, const struct applicationautoscaling_put_scheduled_action_request *in, struct scheduled *s) {
    struct schedule parsed;
    const struct zone *zone;
    if (in->schedule.p) s->expression = in->schedule;
    if (in->timezone.p) s->zone = in->timezone;
    s->start_ms = in->start_time.set ? in->start_time.ms : 0;
    s->end_ms = in->end_time.set ? in->end_time.ms : 0;
    if (!s->expression.p) return fail(c, &applicationautoscaling_validation_exception, "Schedule must be specified for a new scheduled action");
    if (!schedule_parse(s->expression, &parsed)) return fail(c, &applicationautoscaling_validation_exception, "Invalid schedule expression: %.*s", STR_ARGS(s->expression));
    if (s->zone.p && zone_open(c->arena, s->zone, &zone) != ZONE_FOUND) return fail(c, &applicationautoscaling_validation_exception, "Invalid timezone: %.*s", STR_ARGS(s->zone));
    if (s->start_ms && s->end_ms && s->end_ms <= s->start_ms) return fail(c, &applicationautoscaling_validation_exception, "EndTime must be later than StartTime");
    return NULL;
}

static err take_bounds(struct call *c, const struct applicationautoscaling_scalable_target_action *in, struct scheduled *s) {
    if (in) {
        s->has_min = in->min_capacity.set;
        s->min = in->min_capacity.v;
        s->has_max = in->max_capacity.set;
        s->max = in->max_capacity.v;
    }
    if (!s->has_min && !s->has_max) return fail(c, &applicationautoscaling_validation_exception, "MinCapacity or MaxCapacity must be specified in ScalableTargetAction");
    if (s->min < 0 || s->max < 0 || (s->has_min && s->has_max && s->min > s->max))
        return fail(c, &applicationautoscaling_validation_exception, "Maximum capacity cannot be less than minimum capacity");
    return NULL;
}

static u32 count(struct call *c, const struct scaled *of) {
    str all = key_of(c, of, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    u32 n = 0;
    while (n < SCHEDULED_MAX && range_next(&r, &key, &row)) n++;
    return n;
}

err applicationautoscaling_put_scheduled_action(struct call *c, const struct applicationautoscaling_put_scheduled_action_request *in,
                                                struct applicationautoscaling_put_scheduled_action_response *out) {
    (void)out;
    const struct dimension *d;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    struct target t;
    struct scheduled s = {.id = id_uuid(c->arena), .created_ms = c->now_ms, .of = of, .name = in->scheduled_action_name};
    str key = key_of(c, &of, in->scheduled_action_name), row;
    TRY(dimension_of(c, of.space, of.resource, of.dimension, &d));
    TRY(target_open(c, &of, &t));
    if (txn_get(c->txn, key, &row)) decode(c->arena, key, row, &s);
    else if (count(c, &of) >= SCHEDULED_MAX) return fail(c, &applicationautoscaling_limit_exceeded_exception, "A scalable target can have at most %d scheduled actions", SCHEDULED_MAX);
    TRY(take_schedule(c, in, &s));
    TRY(take_bounds(c, in->scalable_target_action, &s));
    txn_put(c->txn, key, record_encode(c->arena, &scaling_scheduled_record, &s));
    set_timer(c->txn, c->arena, &s, c->now_ms);
    return NULL;
}

err applicationautoscaling_delete_scheduled_action(struct call *c, const struct applicationautoscaling_delete_scheduled_action_request *in,
                                                   struct applicationautoscaling_delete_scheduled_action_response *out) {
    (void)out;
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    str key = key_of(c, &of, in->scheduled_action_name);
    if (!txn_get(c->txn, key, NULL))
        return fail(c, &applicationautoscaling_object_not_found_exception,
                    "No scheduled action found for service namespace: %.*s, resource ID: %.*s, scalable dimension: %.*s, scheduled action name: %.*s", STR_ARGS(of.space),
                    STR_ARGS(of.resource), STR_ARGS(of.dimension), STR_ARGS(in->scheduled_action_name));
    drop(c, key);
    return NULL;
}

/* ---- shown ---- */

static struct applicationautoscaling_scheduled_action shown(struct call *c, const struct scheduled *s) {
    struct applicationautoscaling_scalable_target_action *bounds = NEW(c->arena, struct applicationautoscaling_scalable_target_action);
    *bounds = (struct applicationautoscaling_scalable_target_action){0};
    if (s->has_min) bounds->min_capacity = SOME_I32((i32)s->min);
    if (s->has_max) bounds->max_capacity = SOME_I32((i32)s->max);
    struct applicationautoscaling_scheduled_action a = {.scheduled_action_name = s->name, .scheduled_action_arn = arn_of_action(c, s), .service_namespace = s->of.space, .schedule = s->expression,
                                                        .timezone = s->zone, .resource_id = s->of.resource, .scalable_dimension = s->of.dimension, .scalable_target_action = bounds,
                                                        .creation_time = SOME_TIME(s->created_ms)};
    if (s->start_ms) a.start_time = SOME_TIME(s->start_ms);
    if (s->end_ms) a.end_time = SOME_TIME(s->end_ms);
    return a;
}

err applicationautoscaling_describe_scheduled_actions(struct call *c, const struct applicationautoscaling_describe_scheduled_actions_request *in,
                                                      struct applicationautoscaling_describe_scheduled_actions_response *out) {
    struct scaled of = scaled_of(c, in->service_namespace, in->resource_id, in->scalable_dimension);
    str position, key, row;
    u32 max;
    TRY(page_of(c, in->next_token, in->max_results, &position, &max));
    if (in->scalable_dimension.p && !in->resource_id.p) return fail(c, &applicationautoscaling_validation_exception, "ResourceId must be specified with ScalableDimension");
    out->scheduled_actions.v = NEW_ARRAY(c->arena, struct applicationautoscaling_scheduled_action, max);
    out->scheduled_actions.set = true;
    str all = key_of(c, &of, (str){0});
    struct range r = txn_range(c->txn, position.p ? position : all, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        struct scheduled s;
        decode(c->arena, key, row, &s);
        if (!one_of(&in->scheduled_action_names, s.name)) continue;
        if (out->scheduled_actions.n == max) {
            out->next_token = page_token(c, arena_str(c->arena, key));
            break;
        }
        out->scheduled_actions.v[out->scheduled_actions.n++] = shown(c, &s);
    }
    return NULL;
}

const struct task_kind scaling_task_kinds[] = {{.name = "application-autoscaling", .run = scheduled_run}, {0}};
