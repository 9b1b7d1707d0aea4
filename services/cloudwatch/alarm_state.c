/* What follows when an alarm changes: its history, an event, messages to topics. */
#include "cloudwatch.h"

#include "cloud/alarm_action.h"
#include "gen/sns.h"
#include "text/json.h"
#include "text/tree.h"

enum { HISTORY_DAYS = 30, TRIM = 3 };

str full_date(struct arena *a, i64 ms) {
    struct buf b = buf_new(a, 64);
    buf_iso8601_ms(&b, ms);
    return arena_concat(a, str_take(buf_str(&b), b.n - 1), S("+0000"));
}

/* ---- history: kept for 30 days; each new entry clears away some old ones ---- */

static struct key history_key(struct arena *a, str account, str region) {
    struct key k = key_new(a, S("cloudwatch-history"));
    key_str(&k, account);
    key_str(&k, region);
    return k;
}

void history_add(struct call *c, const struct alarm *alarm, str type, str summary, str data) {
    struct alarm_event e = {.at_ms = c->now_ms, .alarm = alarm->name, .type = type, .summary = summary, .data = data, .composite = alarm->rule.p != NULL};
    struct key k = history_key(c->arena, c->account, c->region), end = history_key(c->arena, c->account, c->region);
    str begin = key_bytes(&k), key, row;
    key_i64(&end, c->now_ms - HISTORY_DAYS * day_ms);
    struct range r = txn_range(c->txn, begin, key_bytes(&end));
    for (int i = 0; i < TRIM && range_next(&r, &key, &row); i++) txn_delete(c->txn, key);
    k = history_key(c->arena, c->account, c->region);
    key_i64(&k, c->now_ms);
    key_u64(&k, txn_sequence(c->txn));
    txn_put(c->txn, key_bytes(&k), record_encode(c->arena, &cloudwatch_alarm_event_record, &e));
}

/* As with DescribeAlarms: metric alarms where nothing is said. */
static bool type_wanted(const struct cloudwatch_alarm_types *types, bool composite) {
    bool wanted = types->n == 0 && !composite;
    for (u32 i = 0; i < types->n; i++) wanted |= str_eq(types->v[i], composite ? S("CompositeAlarm") : S("MetricAlarm"));
    return wanted;
}

err cloudwatch_describe_alarm_history(struct call *c, const struct cloudwatch_describe_alarm_history_input *in, struct cloudwatch_describe_alarm_history_output *out) {
    u32 max = in->max_records.set ? (u32)in->max_records.v : 100;
    bool ascending = str_eq(in->scan_by, S("TimestampAscending"));
    str position = {0}, key, row;
    if (in->next_token.p && !page_position(c, in->next_token, &position)) return fail(c, &cloudwatch_invalid_next_token, "Invalid NextToken");
    struct key from_key = history_key(c->arena, c->account, c->region), to_key = history_key(c->arena, c->account, c->region);
    key_i64(&from_key, MAX(in->start_date.ms, c->now_ms - HISTORY_DAYS * day_ms));
    key_i64(&to_key, in->end_date.set ? in->end_date.ms : INT64_MAX);
    str from = key_bytes(&from_key), to = key_bytes(&to_key);
    if (position.p && ascending) from = position;
    if (position.p && !ascending) to = position;
    out->alarm_history_items.v = NEW_ARRAY(c->arena, struct cloudwatch_alarm_history_item, max);
    out->alarm_history_items.set = true;
    struct range r = ascending ? txn_range(c->txn, from, to) : txn_range_backwards(c->txn, from, to);
    str last = {0};
    while (range_next(&r, &key, &row)) {
        struct alarm_event e = {0};
        ASSERT(record_decode(c->arena, &cloudwatch_alarm_event_record, arena_str(c->arena, row), &e));
        if (!type_wanted(&in->alarm_types, e.composite) || (in->alarm_name.p && !str_eq(in->alarm_name, e.alarm)) || (in->history_item_type.p && !str_eq(in->history_item_type, e.type))) continue;
        if (out->alarm_history_items.n == max) { /* a page begins at the next one, or ends before the last one */
            out->next_token = page_token(c, ascending ? arena_str(c->arena, key) : last);
            break;
        }
        last = arena_str(c->arena, key);
        out->alarm_history_items.v[out->alarm_history_items.n++] = (struct cloudwatch_alarm_history_item){.alarm_name = e.alarm, .alarm_type = e.composite ? S("CompositeAlarm") : S("MetricAlarm"), .timestamp = SOME_TIME(e.at_ms),
            .history_item_type = e.type, .history_summary = e.summary, .history_data = e.data};
    }
    return NULL;
}

static void member(struct buf *b, const char *name, str value) {
    json_write_key(b, str_of(name));
    json_write_string(b, value);
}

static void history_state(struct buf *b, const char *name, const struct alarm *m) {
    json_write_key(b, str_of(name));
    json_write_object(b);
    member(b, "stateValue", m->state);
    member(b, "stateReason", m->reason);
    if (m->reason_data.p) {
        json_write_key(b, S("stateReasonData"));
        json_write_raw(b, m->reason_data);
    }
    json_write_object_end(b);
}

/* ---- actions ---- */

static err publish(struct call *c, const struct alarm *m, str topic, str old_state) {
    struct arn arn;
    struct sns_publish_response out;
    struct sns_publish_input in = {.topic_arn = topic, .message = alarm_notification(c, m, old_state),
                                   .subject = arena_format(c->arena, "%.*s: \"%.*s\" in %.*s", STR_ARGS(m->state), STR_ARGS(str_take(m->name, 50)), STR_ARGS(region_name(m->region)))};
    ASSERT(arn_parse(topic, &arn));
    struct call_other sns = {.service = &sns_service, .op = SNS_OP_PUBLISH, .as = CALL_AS_SERVICE, .account = arn.account, .region = arn.region, .source_arn = alarm_arn(c->arena, m)};
    return call_service(c, &sns, &in, &out);
}

static err run(struct call *c, const struct alarm *m, const struct alarm_action *action, str arn) {
    struct alarm_notice notice = {.alarm = m->name, .state = m->state, .threshold = m->threshold, .values = m->values, .n = m->value_count};
    return alarm_action_run(c, action, arn, &notice);
}

static void act(struct call *c, const struct alarm *m, str arn, str old_state) {
    const struct alarm_action *action = alarm_action_of(c, arn);
    err e = action ? run(c, m, action, arn) : publish(c, m, arn, old_state);
    str summary = e ? arena_format(c->arena, "Failed to execute action %.*s. Received error: \"%.*s\"", STR_ARGS(arn), STR_ARGS(c->error_message))
                    : arena_format(c->arena, "Successfully executed action %.*s", STR_ARGS(arn));
    struct buf b = buf_new(c->arena, 8192);
    json_write_object(&b);
    member(&b, "actionState", e ? S("Failed") : S("Succeeded"));
    member(&b, "stateUpdateTimestamp", full_date(c->arena, m->updated_ms));
    member(&b, "notificationResource", arn);
    json_write_object_end(&b);
    history_add(c, m, S("Action"), summary, buf_str(&b));
}

static const struct record_pairs *actions_of(const struct alarm *m) {
    return str_eq(m->state, S("OK")) ? &m->ok_actions : str_eq(m->state, S("ALARM")) ? &m->alarm_actions : &m->insufficient_actions;
}

/* Of what is repeated the history does not tell. */
void alarm_act_again(struct call *c, struct alarm *m) {
    const struct record_pairs *actions = actions_of(m);
    for (u32 i = 0; i < actions->n && !m->actions_off && !m->muted_from.p; i++) {
        const struct alarm_action *action = alarm_action_of(c, actions->v[i].key);
        err e = action && action->repeats ? run(c, m, action, actions->v[i].key) : NULL;
        (void)e; /* it is run again in a minute */
    }
}

void alarm_act(struct call *c, struct alarm *m, str old_state) {
    const struct record_pairs *actions = actions_of(m);
    if (m->rule.p) {
        m->acted_state = m->state;
        alarm_save(c->txn, c->arena, m);
    }
    if (m->actions_off || mute_holds_back(c, m, old_state)) return;
    for (u32 i = 0; i < actions->n; i++) act(c, m, actions->v[i].key, old_state);
}

void alarm_becomes(struct call *c, struct alarm *m, str state, str reason, str reason_data) {
    struct alarm old = *m;
    bool changed = !str_eq(old.state, state);
    const char *why = NULL;
    size_t at = 0;
    m->state = state;
    m->reason = reason;
    m->reason_data = reason_data;
    m->updated_ms = c->now_ms;
    if (changed) m->changed_ms = c->now_ms;
    if (reason_data.p && !json_tree(c->arena, reason_data, json_default_limits, &why, &at)) m->reason_data = (str){0};
    alarm_save(c->txn, c->arena, m);
    if (!changed) return;
    struct buf b = buf_new(c->arena, 1 << 17);
    json_write_object(&b);
    member(&b, "version", S("1.0"));
    history_state(&b, "oldState", &old);
    history_state(&b, "newState", m);
    json_write_object_end(&b);
    history_add(c, m, S("StateUpdate"), arena_format(c->arena, "Alarm updated from %.*s to %.*s", STR_ARGS(old.state), STR_ARGS(state)), buf_str(&b));
    bool held_back = m->rule.p && composite_holds_back(c, m);
    emit_event(c, S("CloudWatch Alarm State Change"), alarm_arn(c->arena, m), alarm_event_detail(c, m, &old));
    if (!held_back) alarm_act(c, m, old.state);
    composites_follow(c, m);
}
