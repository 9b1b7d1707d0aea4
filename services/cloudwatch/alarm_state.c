/* What follows when an alarm changes: its history, an event, messages to topics, the composite alarms over it; and what
 * was held back, when nothing holds it back any more. */
#include "cloudwatch.h"

#include "cloud/alarm_action.h"
#include "gen/sns.h"
#include "text/json.h"
#include "text/tree.h"

enum { PARENTS_MAX = 150, CASCADE_MAX = 20 };

static void history_state(struct buf *b, const char *name, const struct alarm *m) {
    json_write_key(b, str_of(name));
    json_write_object(b);
    json_write_member(b, S("stateValue"), m->state);
    json_write_member(b, S("stateReason"), m->reason);
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
    json_write_member(&b, S("actionState"), e ? S("Failed") : S("Succeeded"));
    json_write_member(&b, S("stateUpdateTimestamp"), full_date(c->arena, m->updated_ms));
    json_write_member(&b, S("notificationResource"), arn);
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

/* ---- composite alarms ---- */

void composite_evaluate(struct call *c, struct alarm *m, const struct alarm *child) {
    struct composite_turn turn;
    if (composite_turns(c, m, child, &turn)) alarm_becomes(c, m, turn.state, turn.reason, turn.reason_data);
}

static void let_go(struct call *c, struct alarm *m) {
    m->suppressed_by = m->suppressed_reason = (str){0};
    txn_task_cancel(c->txn, S("cloudwatch-suppression"), alarm_arn(c->arena, m));
    alarm_save(c->txn, c->arena, m);
    if (!str_eq(m->state, m->acted_state)) alarm_act(c, m, m->acted_state.p ? m->acted_state : S("INSUFFICIENT_DATA"));
}

/* The wait or the extension is over. */
err composite_resume(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct arn arn;
    struct alarm m;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    if (!alarm_load(t, a, arn.account, arn.region, str_skip(arn.resource, 6), &m) || !m.suppressed_by.p) return NULL;
    let_go(call_for_task(t, &cloudwatch_service, arn.account, arn.region, now_ms), &m);
    return NULL;
}

static void suppressor_changed(struct call *c, struct alarm *m, const struct alarm *suppressor) {
    bool on = str_eq(suppressor->state, S("ALARM"));
    if (on && m->suppressed_by.p) composite_hold_back(c, m, "Alarm", 0);
    if (on || !str_eq(m->suppressed_by, S("Alarm"))) return;
    if (m->extension_s) composite_hold_back(c, m, "ExtensionPeriod", m->extension_s);
    else let_go(c, m);
}

/* What one change sets off goes this far: where composite alarms depend on each other in a circle, it ends. */
static void composites_follow(struct call *c, const struct alarm *changed) {
    str names[PARENTS_MAX];
    struct alarm m;
    u32 n = composites_of(c, changed->name, LINK_CHILD, names, PARENTS_MAX);
    if (changed->cascade >= CASCADE_MAX) return;
    for (u32 i = 0; i < n; i++)
        if (alarm_load(c->txn, c->arena, c->account, c->region, names[i], &m)) composite_evaluate(c, &m, changed);
    n = composites_of(c, changed->name, LINK_SUPPRESSOR, names, PARENTS_MAX);
    for (u32 i = 0; i < n; i++)
        if (alarm_load(c->txn, c->arena, c->account, c->region, names[i], &m)) suppressor_changed(c, &m, changed);
}

/* ---- an alarm changes ---- */

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
    json_write_member(&b, S("version"), S("1.0"));
    history_state(&b, "oldState", &old);
    history_state(&b, "newState", m);
    json_write_object_end(&b);
    history_add(c, m, S("StateUpdate"), arena_format(c->arena, "Alarm updated from %.*s to %.*s", STR_ARGS(old.state), STR_ARGS(state)), buf_str(&b));
    bool held_back = m->rule.p && composite_holds_back(c, m);
    emit_event(c, S("CloudWatch Alarm State Change"), alarm_arn(c->arena, m), alarm_event_detail(c, m, &old));
    if (!held_back) alarm_act(c, m, old.state);
    composites_follow(c, m);
}

/* The last window of its mute rules is over. */
err mute_ends(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct arn arn;
    struct alarm m;
    ASSERT(arn_parse(arena_str(a, task->key), &arn));
    if (!alarm_load(t, a, arn.account, arn.region, str_skip(arn.resource, 6), &m) || !m.muted_from.p) return NULL;
    struct call *c = call_for_task(t, &cloudwatch_service, arn.account, arn.region, now_ms);
    str before = m.muted_from;
    if (mute_holds_back(c, &m, before)) return NULL; /* another window goes on */
    m.muted_from = (str){0};
    alarm_save(t, a, &m);
    if (!str_eq(before, m.state)) alarm_act(c, &m, before);
    return NULL;
}
