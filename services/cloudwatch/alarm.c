/* The alarm: its row, and when it is looked at. */
#include "cloudwatch.h"

#include "cloud/alarm_action.h"

enum { LATE_MS = 1000 /* behind the end of a period: the counts of services are in by then */ };

struct key alarms_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, S("alarm"));
    return k;
}

str alarm_row(struct arena *a, str account, str region, str name) {
    struct key k = alarms_key(a, account, region);
    key_str(&k, name);
    return key_bytes(&k);
}

bool alarm_load(struct txn *t, struct arena *a, str account, str region, str name, struct alarm *alarm) {
    str row;
    if (name.n > 255 || !txn_get(t, alarm_row(a, account, region, name), &row)) return false;
    *alarm = (struct alarm){0};
    ASSERT(record_decode(a, &cloudwatch_alarm_record, arena_str(a, row), alarm));
    alarm->account = account;
    alarm->region = region;
    alarm->name = name;
    return true;
}

bool alarm_next(struct call *c, struct range *r, struct alarm *alarm) {
    str key, row, part;
    if (!range_next(r, &key, &row)) return false;
    *alarm = (struct alarm){0};
    ASSERT(record_decode(c->arena, &cloudwatch_alarm_record, arena_str(c->arena, row), alarm));
    for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) alarm->name = part;
    alarm->account = c->account;
    alarm->region = c->region;
    return true;
}

void alarm_save(struct txn *t, struct arena *a, const struct alarm *alarm) {
    txn_put(t, alarm_row(a, alarm->account, alarm->region, alarm->name), record_encode(a, &cloudwatch_alarm_record, alarm));
}

str alarm_arn(struct arena *a, const struct alarm *alarm) {
    return arn_format(a, S("cloudwatch"), alarm->region, alarm->account, arena_concat(a, S("alarm:"), alarm->name));
}

str alarm_name_of(str alarm) {
    struct arn arn;
    return arn_parse(alarm, &arn) && str_starts(arn.resource, S("alarm:")) ? str_skip(arn.resource, 6) : alarm;
}

str full_date(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 64);
    buf_iso8601_ms(&b, ms);
    return arena_concat(a, str_take(buf_str(&b), b.n - 1), S("+0000"));
}

i64 alarm_period_s(const struct alarm *alarm) {
    i64 period_s = alarm->period_s;
    for (u32 i = 0; i < alarm->queries.n; i++) period_s = MAX(period_s, alarm->queries.v[i].period_s);
    return period_s;
}

i64 alarm_step_ms(const struct alarm *alarm) { return MAX(10, MIN(60, alarm_period_s(alarm))) * 1000; }

/* A composite alarm is not looked at by the clock, but once, soon, when it was put. */
void alarm_schedule(struct txn *t, struct arena *a, const struct alarm *alarm, i64 now_ms) {
    if (alarm->rule.p) {
        txn_task_set(t, &(struct task){.kind = S("cloudwatch-alarm"), .key = alarm_arn(a, alarm)});
        return;
    }
    i64 step_ms = alarm_step_ms(alarm);
    txn_task_set(t, &(struct task){.kind = S("cloudwatch-alarm"), .key = alarm_arn(a, alarm), .due_ms = now_ms - now_ms % step_ms + step_ms + LATE_MS});
}

/* ---- what is asked for ---- */

struct record_pairs keys_of(struct arena *a, const struct cloudwatch_resource_list *list) {
    struct record_pairs p = {.v = NEW_ARRAY(a, struct record_pair, list->n + 1), .n = list->n, .set = list->n > 0};
    for (u32 i = 0; i < p.n; i++) p.v[i] = (struct record_pair){list->v[i], S("")};
    return p;
}

err check_actions(struct call *c, const struct cloudwatch_resource_list *list, const char *member) {
    struct arn arn;
    for (u32 i = 0; i < list->n; i++) {
        if (!arn_parse(list->v[i], &arn)) return fail(c, &cloud_validation, "Invalid arn syntax: %.*s", STR_ARGS(list->v[i]));
        if (!str_eq(arn.service, S("sns")) && !alarm_action_of(c, list->v[i])) return fail(c, &cloud_not_implemented, "brume does not have the action %.*s of %s (yet).", STR_ARGS(list->v[i]), member);
    }
    return NULL;
}
