/* Groups of schedules. "default" is always there; of the others each has a row. DIFFERS: so it shows no dates. */
#include "scheduler.h"

enum { SWEEP = 100, GROUPS_MAX = 500 };

static const struct tag_errors tag_errors = {.too_many = &scheduler_service_quota_exceeded_exception, .invalid = &scheduler_validation_exception};

str group_arn(struct arena *a, const struct group *group) {
    return arn_format(a, S("scheduler"), group->region, group->account, arena_concat(a, S("schedule-group/"), group->name));
}

static str group_row(struct arena *a, str account, str region, str name) {
    struct key k = key_new(a, S("scheduler"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("group"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static bool load(struct txn *t, struct arena *a, str account, str region, str name, struct group *group) {
    str row;
    *group = (struct group){0};
    bool there = txn_get(t, group_row(a, account, region, name), &row);
    if (there) ASSERT(record_decode(a, &scheduler_group_record, arena_str(a, row), group));
    group->account = account;
    group->region = region;
    group->name = name;
    return there || str_eq(name, S("default"));
}

static void save(struct txn *t, struct arena *a, const struct group *group) {
    txn_put(t, group_row(a, group->account, group->region, group->name), record_encode(a, &scheduler_group_record, group));
}

err group_open(struct call *c, str name, struct group *group) {
    if (!name.p) name = S("default");
    if (load(c->txn, c->arena, c->account, c->region, name, group)) return NULL;
    return fail(c, &scheduler_resource_not_found_exception, "Schedule group %.*s does not exist.", STR_ARGS(name));
}

static str state_of(const struct group *group) { return group->deleting ? S("DELETING") : S("ACTIVE"); }

static struct opt_time time_of(i64 ms) { return ms ? SOME_TIME(ms) : (struct opt_time){0}; }

err list_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max) {
    *position = (str){0};
    *max = limit.set ? (u32)limit.v : PAGE;
    if (token.p && !page_position(c, token, position)) return fail(c, &scheduler_validation_exception, "Invalid NextToken.");
    return NULL;
}

/* ---- tags ---- */

static err tags_add(struct call *c, str arn, const struct scheduler_tag_list *tags) {
    struct record_pairs pairs = {.v = NEW_ARRAY(c->arena, struct record_pair, tags->n + 1), .n = tags->n, .set = tags->n > 0};
    for (u32 i = 0; i < tags->n; i++) pairs.v[i] = (struct record_pair){tags->v[i].key, tags->v[i].value};
    return tags->n ? tags_set(c, arn, &pairs, &tag_errors) : NULL;
}

static err tagged(struct call *c, str text) {
    struct arn arn;
    struct group group;
    ASSERT(arn_parse(text, &arn)); /* the description has its form */
    bool own = str_eq(arn.account, c->account) && str_eq(arn.region, c->region);
    str name = str_skip(arn.resource, sizeof "schedule-group/" - 1);
    if (own && load(c->txn, c->arena, c->account, c->region, name, &group)) return NULL;
    return fail(c, &scheduler_resource_not_found_exception, "Schedule group %.*s does not exist.", STR_ARGS(name));
}

err scheduler_tag_resource(struct call *c, const struct scheduler_tag_resource_input *in, struct scheduler_tag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    return tags_add(c, in->resource_arn, &in->tags);
}

err scheduler_untag_resource(struct call *c, const struct scheduler_untag_resource_input *in, struct scheduler_untag_resource_output *out) {
    (void)out;
    TRY(tagged(c, in->resource_arn));
    tags_remove(c, in->resource_arn, in->tag_keys.v, in->tag_keys.n);
    return NULL;
}

err scheduler_list_tags_for_resource(struct call *c, const struct scheduler_list_tags_for_resource_input *in, struct scheduler_list_tags_for_resource_output *out) {
    TRY(tagged(c, in->resource_arn));
    struct record_pairs tags = tags_of(c, in->resource_arn);
    out->tags.v = NEW_ARRAY(c->arena, struct scheduler_tag, tags.n + 1);
    out->tags.set = true;
    for (u32 i = 0; i < tags.n; i++) out->tags.v[out->tags.n++] = (struct scheduler_tag){.key = tags.v[i].key, .value = tags.v[i].value};
    return NULL;
}

/* ---- life ---- */

static u32 count(struct call *c) {
    str all = group_row(c->arena, c->account, c->region, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    u32 n = 1; /* the default one */
    while (n <= GROUPS_MAX && range_next(&r, &key, &row)) n++;
    return n;
}

err scheduler_create_schedule_group(struct call *c, const struct scheduler_create_schedule_group_input *in, struct scheduler_create_schedule_group_output *out) {
    struct group group;
    str answer;
    bool there = load(c->txn, c->arena, c->account, c->region, in->name, &group);
    out->schedule_group_arn = group_arn(c->arena, &group);
    if (in->client_token.p && there && idempotency_look(c, in->client_token, in->name, &answer) == IDEMPOTENCY_SAME) return NULL;
    if (there) return fail(c, &scheduler_conflict_exception, "Schedule group %.*s already exists.", STR_ARGS(in->name));
    if (count(c) >= quota(c, S("schedule-groups"), GROUPS_MAX)) return fail(c, &scheduler_service_quota_exceeded_exception, "The maximum number of schedule groups has been reached.");
    group.created_ms = group.modified_ms = c->now_ms;
    save(c->txn, c->arena, &group);
    registry_add(c, out->schedule_group_arn, S("AWS::Scheduler::ScheduleGroup"));
    if (in->client_token.p) idempotency_store(c, in->client_token, in->name, S(""), TOKEN_KEPT_MS);
    return tags_add(c, out->schedule_group_arn, &in->tags);
}

err scheduler_get_schedule_group(struct call *c, const struct scheduler_get_schedule_group_input *in, struct scheduler_get_schedule_group_output *out) {
    struct group group;
    TRY(group_open(c, in->name, &group));
    *out = (struct scheduler_get_schedule_group_output){.arn = group_arn(c->arena, &group), .name = group.name, .state = state_of(&group),
                                                        .creation_date = time_of(group.created_ms), .last_modification_date = time_of(group.modified_ms)};
    return NULL;
}

static str sweep_key(struct arena *a, const struct group *group) {
    return arena_format(a, "%.*s/%.*s/%.*s", STR_ARGS(group->account), STR_ARGS(group->region), STR_ARGS(group->name));
}

err scheduler_delete_schedule_group(struct call *c, const struct scheduler_delete_schedule_group_input *in, struct scheduler_delete_schedule_group_output *out) {
    (void)out;
    struct group group;
    str answer;
    if (in->client_token.p && idempotency_look(c, in->client_token, in->name, &answer) == IDEMPOTENCY_SAME) return NULL;
    TRY(group_open(c, in->name, &group));
    if (str_eq(in->name, S("default"))) return fail(c, &scheduler_validation_exception, "The default schedule group can't be deleted.");
    if (in->client_token.p) idempotency_store(c, in->client_token, in->name, S(""), TOKEN_KEPT_MS);
    group.deleting = true;
    group.modified_ms = c->now_ms;
    save(c->txn, c->arena, &group);
    txn_task_set(c->txn, &(struct task){.kind = S("scheduler-sweep"), .key = sweep_key(c->arena, &group)});
    return NULL;
}

/* The schedules of a group that is deleted, some at a time; then the group. */
err group_sweep(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str name = arena_str(a, task->key), account = str_cut(&name, '/'), region = str_cut(&name, '/'), key, row;
    struct group group;
    if (!load(t, a, account, region, name, &group) || !group.deleting) return NULL;
    struct call *c = call_for_task(t, &scheduler_service, account, region, now_ms);
    struct range r = schedules_of(t, a, &group, (str){0});
    int n = 0;
    for (; n < SWEEP && range_next(&r, &key, &row); n++) {
        struct schedule_row s;
        schedule_decode(a, key, row, &s);
        schedule_remove(c, &s);
    }
    if (n == SWEEP) {
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key});
        return NULL;
    }
    txn_delete(t, group_row(a, account, region, name));
    registry_remove(c, group_arn(a, &group));
    return NULL;
}

/* False: the page was full, and the next begins here. */
static bool list_one(struct call *c, str name, u32 max, struct scheduler_list_schedule_groups_output *out) {
    struct group group;
    if (out->schedule_groups.n == max) {
        out->next_token = page_token(c, name);
        return false;
    }
    ASSERT(load(c->txn, c->arena, c->account, c->region, name, &group));
    out->schedule_groups.v[out->schedule_groups.n++] =
        (struct scheduler_schedule_group_summary){.arn = group_arn(c->arena, &group), .name = group.name, .state = state_of(&group),
                                                  .creation_date = time_of(group.created_ms), .last_modification_date = time_of(group.modified_ms)};
    return true;
}

err scheduler_list_schedule_groups(struct call *c, const struct scheduler_list_schedule_groups_input *in, struct scheduler_list_schedule_groups_output *out) {
    str position, key, row, part, all = group_row(c->arena, c->account, c->region, (str){0}), prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max;
    TRY(list_page(c, in->next_token, in->max_results, &position, &max));
    out->schedule_groups.v = NEW_ARRAY(c->arena, struct scheduler_schedule_group_summary, max);
    out->schedule_groups.set = true;
    str from = position.p ? position : prefix;
    bool default_due = str_starts(S("default"), prefix) && str_cmp(S("default"), from) >= 0; /* it has no row: it comes where its name stands */
    struct range r = txn_range(c->txn, group_row(c->arena, c->account, c->region, from), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        bool now = default_due && str_cmp(S("default"), name) < 0;
        if (now && !list_one(c, S("default"), max, out)) return NULL;
        default_due = default_due && !now;
        if (!list_one(c, name, max, out)) return NULL;
    }
    if (default_due) (void)list_one(c, S("default"), max, out);
    return NULL;
}
