/* Schedules: made, changed, listed, ended. */
#include "scheduler.h"

/* ---- rows ---- */

static str schedule_row_key(struct arena *a, str account, str region, str group, str name) {
    struct key k = key_new(a, S("scheduler"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("schedule"));
    if (group.p) key_str(&k, group);
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

struct range schedules_of(struct txn *t, struct arena *a, const struct group *group, str from) {
    str all = schedule_row_key(a, group->account, group->region, group->name, (str){0});
    return txn_range(t, from.p ? schedule_row_key(a, group->account, group->region, group->name, from) : all, key_after_prefix(a, all));
}

void schedule_decode(struct arena *a, str key, str row, struct schedule_row *s) {
    str rest = arena_str(a, key), part;
    *s = (struct schedule_row){0};
    ASSERT(record_decode(a, &scheduler_schedule_record, arena_str(a, row), s));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &s->account) && key_read_str(&rest, a, &s->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &s->group) && key_read_str(&rest, a, &s->name));
}

bool schedule_load(struct txn *t, struct arena *a, str account, str region, str group, str name, struct schedule_row *s) {
    str key = schedule_row_key(a, account, region, group, name), row;
    if (!txn_get(t, key, &row)) return false;
    schedule_decode(a, key, row, s);
    return true;
}

static void save(struct call *c, const struct schedule_row *s) {
    txn_put(c->txn, schedule_row_key(c->arena, s->account, s->region, s->group, s->name), record_encode(c->arena, &scheduler_schedule_record, s));
}

str schedule_arn(struct arena *a, const struct schedule_row *s) {
    return arn_format(a, S("scheduler"), s->region, s->account, arena_format(a, "schedule/%.*s/%.*s", STR_ARGS(s->group), STR_ARGS(s->name)));
}

static err open(struct call *c, str group, str name, struct schedule_row *s) {
    if (schedule_load(c->txn, c->arena, c->account, c->region, group.p ? group : S("default"), name, s)) return NULL;
    return fail(c, &scheduler_resource_not_found_exception, "Schedule %.*s does not exist.", STR_ARGS(name));
}

void schedule_remove(struct call *c, const struct schedule_row *s) {
    txn_task_cancel(c->txn, S("scheduler-fire"), timing_task_key(c->arena, s));
    txn_delete(c->txn, schedule_row_key(c->arena, s->account, s->region, s->group, s->name));
    registry_remove(c, schedule_arn(c->arena, s));
}

/* ---- what CreateSchedule and UpdateSchedule have in common: UpdateSchedule replaces all ---- */

static err window_check(struct call *c, const struct scheduler_flexible_time_window *w) {
    bool flexible = str_eq(w->mode, S("FLEXIBLE"));
    if (flexible && !w->maximum_window_in_minutes.set)
        return fail(c, &scheduler_validation_exception, "MaximumWindowInMinutes is required when the FlexibleTimeWindow mode is FLEXIBLE.");
    if (!flexible && w->maximum_window_in_minutes.set)
        return fail(c, &scheduler_validation_exception, "MaximumWindowInMinutes can't be set when the FlexibleTimeWindow mode is OFF.");
    return NULL;
}

/* All of `s` that a caller says. */
static err take(struct call *c, const struct scheduler_create_schedule_input *in, struct schedule_row *s) {
    s->expression = in->schedule_expression;
    s->zone = in->schedule_expression_timezone.p ? in->schedule_expression_timezone : S("UTC");
    s->state = in->state.p ? in->state : S("ENABLED");
    s->description = in->description;
    s->action_after = in->action_after_completion.p ? in->action_after_completion : S("NONE");
    s->kms_key = in->kms_key_arn;
    s->start_ms = in->start_date.set ? in->start_date.ms : 0;
    s->end_ms = in->end_date.set ? in->end_date.ms : 0;
    s->window_minutes = in->flexible_time_window->maximum_window_in_minutes.set ? in->flexible_time_window->maximum_window_in_minutes.v : 0;
    s->modified_ms = c->now_ms;
    TRY(window_check(c, in->flexible_time_window));
    TRY(timing_check(c, s));
    TRY(target_check(c, in->target));
    s->target = target_stored(c, in->target);
    return s->kms_key.p ? input_seal(c, schedule_arn(c->arena, s), s->kms_key, s->target) : NULL;
}

/* By which a repeated request is known: all that it says, before anything is sealed. */
static str fingerprint(struct call *c, const struct scheduler_create_schedule_input *in, const struct schedule_row *s) {
    struct schedule_row said = *s;
    said.id = 0;
    said.created_ms = said.modified_ms = 0;
    said.target = target_stored(c, in->target);
    return arena_concat(c->arena, schedule_arn(c->arena, s), record_encode(c->arena, &scheduler_schedule_record, &said));
}

err scheduler_create_schedule(struct call *c, const struct scheduler_create_schedule_input *in, struct scheduler_create_schedule_output *out) {
    struct group group;
    struct schedule_row s, old;
    str answer;
    TRY(group_open(c, in->group_name, &group));
    s = (struct schedule_row){.id = txn_sequence(c->txn), .created_ms = c->now_ms, .account = c->account, .region = c->region, .group = group.name, .name = in->name};
    TRY(take(c, in, &s));
    out->schedule_arn = schedule_arn(c->arena, &s);
    enum idempotency known = in->client_token.p ? idempotency_look(c, in->client_token, fingerprint(c, in, &s), &answer) : IDEMPOTENCY_NEW;
    if (known == IDEMPOTENCY_SAME) return NULL;
    if (known == IDEMPOTENCY_MISMATCH) return fail(c, &scheduler_conflict_exception, "The client token was used before with other parameters.");
    if (group.deleting) return fail(c, &scheduler_conflict_exception, "Schedule group %.*s is being deleted.", STR_ARGS(group.name));
    if (schedule_load(c->txn, c->arena, c->account, c->region, group.name, in->name, &old))
        return fail(c, &scheduler_conflict_exception, "Schedule %.*s already exists.", STR_ARGS(in->name));
    save(c, &s);
    timing_set(c->txn, c->arena, &s, c->now_ms - 1); /* a rate begins at once */
    registry_add(c, out->schedule_arn, S("AWS::Scheduler::Schedule"));
    if (in->client_token.p) idempotency_store(c, in->client_token, fingerprint(c, in, &s), S(""), TOKEN_KEPT_MS);
    return NULL;
}

err scheduler_update_schedule(struct call *c, const struct scheduler_update_schedule_input *in, struct scheduler_update_schedule_output *out) {
    struct schedule_row s;
    struct scheduler_create_schedule_input said = {
        .name = in->name, .group_name = in->group_name, .schedule_expression = in->schedule_expression, .start_date = in->start_date, .end_date = in->end_date,
        .description = in->description, .schedule_expression_timezone = in->schedule_expression_timezone, .state = in->state, .kms_key_arn = in->kms_key_arn,
        .target = in->target, .flexible_time_window = in->flexible_time_window, .action_after_completion = in->action_after_completion};
    TRY(open(c, in->group_name, in->name, &s));
    TRY(take(c, &said, &s));
    save(c, &s);
    timing_set(c->txn, c->arena, &s, c->now_ms);
    out->schedule_arn = schedule_arn(c->arena, &s);
    return NULL;
}

err scheduler_delete_schedule(struct call *c, const struct scheduler_delete_schedule_input *in, struct scheduler_delete_schedule_output *out) {
    (void)out;
    struct schedule_row s;
    str answer, params = arena_format(c->arena, "%.*s/%.*s", STR_ARGS(in->group_name), STR_ARGS(in->name));
    bool again = in->client_token.p && idempotency_look(c, in->client_token, params, &answer) == IDEMPOTENCY_SAME;
    if (again) return NULL;
    TRY(open(c, in->group_name, in->name, &s));
    schedule_remove(c, &s);
    if (in->client_token.p) idempotency_store(c, in->client_token, params, S(""), TOKEN_KEPT_MS);
    return NULL;
}

/* ---- shown ---- */

static struct opt_time time_of(i64 ms) { return ms ? SOME_TIME(ms) : (struct opt_time){0}; }

err scheduler_get_schedule(struct call *c, const struct scheduler_get_schedule_input *in, struct scheduler_get_schedule_output *out) {
    struct schedule_row s;
    TRY(open(c, in->group_name, in->name, &s));
    *out = (struct scheduler_get_schedule_output){
        .arn = schedule_arn(c->arena, &s), .group_name = s.group, .name = s.name, .schedule_expression = s.expression, .start_date = time_of(s.start_ms),
        .end_date = time_of(s.end_ms), .description = s.description, .schedule_expression_timezone = s.zone, .state = s.state,
        .creation_date = SOME_TIME(s.created_ms), .last_modification_date = SOME_TIME(s.modified_ms), .kms_key_arn = s.kms_key,
        .target = target_shown(c, s.target), .action_after_completion = s.action_after};
    if (s.kms_key.p) TRY(input_open(c, out->arn, s.target, (str){0}, &out->target->input));
    out->flexible_time_window = NEW(c->arena, struct scheduler_flexible_time_window);
    out->flexible_time_window->mode = s.window_minutes ? S("FLEXIBLE") : S("OFF");
    if (s.window_minutes) out->flexible_time_window->maximum_window_in_minutes = SOME_I32((i32)s.window_minutes);
    return NULL;
}

static struct scheduler_schedule_summary summary(struct call *c, const struct schedule_row *s) {
    struct scheduler_target_summary *target = NEW(c->arena, struct scheduler_target_summary);
    target->arn = s->target->arn;
    return (struct scheduler_schedule_summary){.arn = schedule_arn(c->arena, s), .name = s->name, .group_name = s->group, .state = s->state,
                                               .creation_date = SOME_TIME(s->created_ms), .last_modification_date = SOME_TIME(s->modified_ms), .target = target};
}

err scheduler_list_schedules(struct call *c, const struct scheduler_list_schedules_input *in, struct scheduler_list_schedules_output *out) {
    struct schedule_row s;
    struct group group;
    str position, key, row;
    u32 max;
    TRY(list_page(c, in->next_token, in->max_results, &position, &max));
    if (in->group_name.p) TRY(group_open(c, in->group_name, &group));
    out->schedules.v = NEW_ARRAY(c->arena, struct scheduler_schedule_summary, max);
    out->schedules.set = true;
    str all = schedule_row_key(c->arena, c->account, c->region, in->group_name, (str){0});
    str from = in->group_name.p && in->name_prefix.p ? schedule_row_key(c->arena, c->account, c->region, in->group_name, in->name_prefix) : all;
    str rest = position, after_group = position.p ? str_cut(&rest, '/') : (str){0};
    if (position.p) from = schedule_row_key(c->arena, c->account, c->region, after_group, rest);
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        schedule_decode(c->arena, key, row, &s);
        bool named = !in->name_prefix.p || str_starts(s.name, in->name_prefix);
        if (!named && in->group_name.p) break;
        if (!named || (in->state.p && !str_eq(in->state, s.state))) continue;
        if (out->schedules.n == max) {
            out->next_token = page_token(c, arena_format(c->arena, "%.*s/%.*s", STR_ARGS(s.group), STR_ARGS(s.name)));
            break;
        }
        out->schedules.v[out->schedules.n++] = summary(c, &s);
    }
    return NULL;
}
