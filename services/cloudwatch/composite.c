/* The composite alarm: in ALARM while its rule over other alarms holds. It is looked at when it is put and when one
 * of them changes, in the transaction of that change. Its suppressor, another alarm, holds its actions back. */
#include "alarm_rule.h"
#include "cloudwatch.h"

#include "text/json.h"

enum { CHILDREN_MAX = 100, PARENTS_MAX = 150, CASCADE_MAX = 20 };

/* ---- who depends on whom: rows from the other alarm to the composite one ---- */

static struct key links_key(struct arena *a, str account, str region, str alarm, enum link link) {
    struct key k = key_new(a, S("cloudwatch"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, link == LINK_CHILD ? S("parent") : S("suppressed"));
    key_str(&k, alarm);
    return k;
}

u32 composites_of(struct call *c, str alarm, enum link link, str *names, u32 max) {
    struct key k = links_key(c->arena, c->account, c->region, alarm, link);
    str prefix = key_bytes(&k), key, row;
    u32 n = 0;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    while (n < max && range_next(&r, &key, &row)) {
        str rest = str_skip(arena_str(c->arena, key), prefix.n);
        ASSERT(key_read_str(&rest, c->arena, &names[n++]));
    }
    return n;
}

static str name_of(str alarm) { /* by name or ARN */
    struct arn arn;
    return arn_parse(alarm, &arn) && str_starts(arn.resource, S("alarm:")) ? str_skip(arn.resource, 6) : alarm;
}

static void link_put(struct call *c, const struct alarm *m, str other, enum link link, bool there) {
    struct key k = links_key(c->arena, m->account, m->region, other, link);
    key_str(&k, m->name);
    if (there) txn_put(c->txn, key_bytes(&k), S(""));
    else txn_delete(c->txn, key_bytes(&k));
}

static void relink(struct call *c, const struct alarm *m, bool there) {
    struct record_pairs children = composite_children(c, m);
    for (u32 i = 0; i < children.n; i++) link_put(c, m, children.v[i].key, LINK_CHILD, there);
    if (m->suppressor.p) link_put(c, m, name_of(m->suppressor), LINK_SUPPRESSOR, there);
}

void composite_unlink(struct call *c, const struct alarm *m) {
    relink(c, m, false);
    txn_task_cancel(c->txn, S("cloudwatch-suppression"), alarm_arn(c->arena, m));
}

/* ---- the rule over the alarms as they are ---- */

struct look {
    struct call *c;
    struct alarm alarms[CHILDREN_MAX]; /* each that the rule names, once */
    u32 n, unknown;
    struct buf absent; /* the names of those that are not there */
    bool too_many;
};

static str state_of(void *context, str alarm) {
    struct look *l = context;
    struct alarm m;
    str name = name_of(alarm);
    for (u32 i = 0; i < l->n; i++)
        if (str_eq(l->alarms[i].name, name)) return l->alarms[i].state;
    if (!alarm_load(l->c->txn, l->c->arena, l->c->account, l->c->region, name, &m)) {
        buf_format(&l->absent, "%s%.*s", l->unknown++ ? ", " : "", STR_ARGS(name));
        return S("INSUFFICIENT_DATA");
    }
    if (l->n == CHILDREN_MAX) l->too_many = true;
    else l->alarms[l->n++] = m;
    return m.state;
}

static struct look *look(struct call *c, str rule, bool *value, str *problem) {
    struct look *l = NEW(c->arena, struct look);
    l->c = c;
    l->n = l->unknown = 0;
    l->too_many = false;
    l->absent = buf_new(c->arena, 1 << 14);
    *value = false;
    if (!alarm_rule_evaluate(c->arena, rule, &(struct alarm_rule_world){state_of, l}, value, problem)) return NULL;
    return l;
}

struct record_pairs composite_children(struct call *c, const struct alarm *m) {
    bool value;
    str problem;
    struct look *l = look(c, m->rule, &value, &problem);
    struct record_pairs children = {.v = NEW_ARRAY(c->arena, struct record_pair, CHILDREN_MAX + 1)};
    for (u32 i = 0; l && i < l->n; i++) children.v[children.n++] = (struct record_pair){l->alarms[i].name, alarm_arn(c->arena, &l->alarms[i])};
    return children;
}

/* {"triggeringAlarms":[{"arn":...,"state":{"value":...,"timestamp":...}}]} */
static str reason_data(struct call *c, const struct alarm *child) {
    struct buf b = buf_new(c->arena, 8192);
    if (!child) return S("{\"triggeringAlarms\":[]}");
    buf_add(&b, S("{\"triggeringAlarms\":[{\"arn\":"));
    json_write_string(&b, alarm_arn(c->arena, child));
    buf_add(&b, S(",\"state\":{\"value\":"));
    json_write_string(&b, child->state);
    buf_add(&b, S(",\"timestamp\":"));
    json_write_string(&b, full_date(c->arena, child->updated_ms));
    buf_add(&b, S("}}]}"));
    return buf_str(&b);
}

static str long_date(struct arena *a, i64 ms) { /* Friday 16 July, 2021 18:30:00 UTC */
    static const char *const days[] = {"Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"};
    static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
    struct civil_time t = civil_of(ms);
    return arena_format(a, "%s %02d %s, %d %02d:%02d:%02d UTC", days[ms / day_ms % 7], t.day, months[t.month - 1], (int)t.year, t.hour, t.minute, t.second);
}

void composite_evaluate(struct call *c, struct alarm *m, const struct alarm *child) {
    bool value;
    str problem;
    if (!look(c, m->rule, &value, &problem)) return; /* a rule that was put can be read */
    str state = value ? S("ALARM") : S("OK"), arn = alarm_arn(c->arena, child ? child : m);
    if (str_eq(state, m->state)) return;
    m->cascade = child ? child->cascade + 1 : 0;
    str reason = child ? arena_format(c->arena, "%.*s transitioned to %.*s at %.*s", STR_ARGS(arn), STR_ARGS(child->state), STR_ARGS(long_date(c->arena, child->updated_ms)))
                       : arena_format(c->arena, "%.*s was created and its alarm rule evaluates to %.*s", STR_ARGS(arn), STR_ARGS(state));
    alarm_becomes(c, m, state, str_take(reason, 1023), reason_data(c, child));
}

/* ---- suppression ---- */

static void hold_back(struct call *c, struct alarm *m, const char *by, i64 seconds) {
    m->suppressed_by = str_of(by);
    m->suppressed_reason = arena_format(c->arena, "Actions suppressed by %s", by);
    if (seconds) txn_task_set(c->txn, &(struct task){.kind = S("cloudwatch-suppression"), .key = alarm_arn(c->arena, m), .due_ms = c->now_ms + seconds * 1000});
    else txn_task_cancel(c->txn, S("cloudwatch-suppression"), alarm_arn(c->arena, m));
    alarm_save(c->txn, c->arena, m);
}

static void let_go(struct call *c, struct alarm *m) {
    m->suppressed_by = m->suppressed_reason = (str){0};
    txn_task_cancel(c->txn, S("cloudwatch-suppression"), alarm_arn(c->arena, m));
    alarm_save(c->txn, c->arena, m);
    if (!str_eq(m->state, m->acted_state)) alarm_act(c, m, m->acted_state.p ? m->acted_state : S("INSUFFICIENT_DATA"));
}

bool composite_holds_back(struct call *c, struct alarm *m) {
    struct alarm suppressor;
    if (!m->suppressor.p) return false;
    if (m->suppressed_by.p) return true;
    if (!alarm_load(c->txn, c->arena, m->account, m->region, name_of(m->suppressor), &suppressor)) return false;
    if (str_eq(suppressor.state, S("ALARM"))) hold_back(c, m, "Alarm", 0);
    else if (m->wait_s) hold_back(c, m, "WaitPeriod", m->wait_s);
    return m->suppressed_by.p != NULL;
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
    if (on && m->suppressed_by.p) hold_back(c, m, "Alarm", 0);
    if (on || !str_eq(m->suppressed_by, S("Alarm"))) return;
    if (m->extension_s) hold_back(c, m, "ExtensionPeriod", m->extension_s);
    else let_go(c, m);
}

/* What one change sets off goes this far: where composite alarms depend on each other in a circle, it ends. */
void composites_follow(struct call *c, const struct alarm *changed) {
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

/* ---- PutCompositeAlarm ---- */

static err check_suppressor(struct call *c, const struct cloudwatch_put_composite_alarm_input *in) {
    struct alarm suppressor;
    if (!in->actions_suppressor.p) {
        if (in->actions_suppressor_wait_period.set || in->actions_suppressor_extension_period.set)
            return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod require ActionsSuppressor");
        return NULL;
    }
    if (!in->actions_suppressor_wait_period.set || !in->actions_suppressor_extension_period.set)
        return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor");
    if (in->actions_suppressor_wait_period.v < 0 || in->actions_suppressor_extension_period.v < 0)
        return fail(c, &cloud_validation, "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must not be negative");
    if (alarm_load(c->txn, c->arena, c->account, c->region, name_of(in->actions_suppressor), &suppressor)) return NULL;
    return fail(c, &cloud_validation, "Could not save the composite alarm as the actions suppressor %.*s does not exist", STR_ARGS(in->actions_suppressor));
}

err cloudwatch_put_composite_alarm(struct call *c, const struct cloudwatch_put_composite_alarm_input *in, struct wire_unit *out) {
    (void)out;
    bool value;
    str problem;
    if (in->action_configuration) return fail(c, &cloud_not_implemented, "brume does not have ActionConfiguration of alarms (yet).");
    struct look *l = look(c, in->alarm_rule, &value, &problem);
    if (!l) return fail(c, &cloud_validation, "AlarmRule must not contain invalid expressions: %.*s", STR_ARGS(problem));
    if (l->too_many) return fail(c, &cloud_validation, "AlarmRule must not name more than %d alarms", CHILDREN_MAX);
    str absent = buf_str(&l->absent);
    if (l->unknown) return fail(c, &cloud_validation, "Could not save the composite alarm as alarms [%.*s] in the alarm rule do not exist", STR_ARGS(absent));
    TRY(check_suppressor(c, in));
    TRY(check_actions(c, &in->ok_actions, "OKActions"));
    TRY(check_actions(c, &in->alarm_actions, "AlarmActions"));
    TRY(check_actions(c, &in->insufficient_data_actions, "InsufficientDataActions"));
    struct alarm alarm = {.name = in->alarm_name, .description = in->alarm_description, .rule = in->alarm_rule, .actions_off = in->actions_enabled.set && !in->actions_enabled.v,
                          .ok_actions = keys_of(c->arena, &in->ok_actions), .alarm_actions = keys_of(c->arena, &in->alarm_actions),
                          .insufficient_actions = keys_of(c->arena, &in->insufficient_data_actions), .suppressor = in->actions_suppressor,
                          .wait_s = in->actions_suppressor_wait_period.v, .extension_s = in->actions_suppressor_extension_period.v};
    TRY(alarm_put(c, &alarm, &in->tags));
    relink(c, &alarm, true);
    return NULL;
}
