/* The composite alarm: in ALARM while its rule over other alarms holds. It is looked at when it is put and when one
 * of them changes, in the transaction of that change. Its suppressor, another alarm, holds its actions back. */
#include "alarm_rule.h"
#include "cloudwatch.h"

#include "text/json.h"

enum { CHILDREN_MAX = 100 };

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

static void link_put(struct call *c, const struct alarm *m, str other, enum link link, bool there) {
    struct key k = links_key(c->arena, m->account, m->region, other, link);
    key_str(&k, m->name);
    if (there) txn_put(c->txn, key_bytes(&k), S(""));
    else txn_delete(c->txn, key_bytes(&k));
}

void composite_link(struct call *c, const struct alarm *m, bool there) {
    struct record_pairs children = composite_children(c, m);
    for (u32 i = 0; i < children.n; i++) link_put(c, m, children.v[i].key, LINK_CHILD, there);
    if (m->suppressor.p) link_put(c, m, alarm_name_of(m->suppressor), LINK_SUPPRESSOR, there);
}

void composite_unlink(struct call *c, const struct alarm *m) {
    composite_link(c, m, false);
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
    str name = alarm_name_of(alarm);
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

bool composite_turns(struct call *c, struct alarm *m, const struct alarm *child, struct composite_turn *turn) {
    bool value;
    str problem;
    if (!look(c, m->rule, &value, &problem)) return false; /* a rule that was put can be read */
    str state = value ? S("ALARM") : S("OK"), arn = alarm_arn(c->arena, child ? child : m);
    if (str_eq(state, m->state)) return false;
    m->cascade = child ? child->cascade + 1 : 0;
    str reason = child ? arena_format(c->arena, "%.*s transitioned to %.*s at %.*s", STR_ARGS(arn), STR_ARGS(child->state), STR_ARGS(long_date(c->arena, child->updated_ms)))
                       : arena_format(c->arena, "%.*s was created and its alarm rule evaluates to %.*s", STR_ARGS(arn), STR_ARGS(state));
    *turn = (struct composite_turn){state, str_take(reason, 1023), reason_data(c, child)};
    return true;
}

/* ---- suppression ---- */

void composite_hold_back(struct call *c, struct alarm *m, const char *by, i64 seconds) {
    m->suppressed_by = str_of(by);
    m->suppressed_reason = arena_format(c->arena, "Actions suppressed by %s", by);
    if (seconds) txn_task_set(c->txn, &(struct task){.kind = S("cloudwatch-suppression"), .key = alarm_arn(c->arena, m), .due_ms = c->now_ms + seconds * 1000});
    else txn_task_cancel(c->txn, S("cloudwatch-suppression"), alarm_arn(c->arena, m));
    alarm_save(c->txn, c->arena, m);
}

bool composite_holds_back(struct call *c, struct alarm *m) {
    struct alarm suppressor;
    if (!m->suppressor.p) return false;
    if (m->suppressed_by.p) return true;
    if (!alarm_load(c->txn, c->arena, m->account, m->region, alarm_name_of(m->suppressor), &suppressor)) return false;
    if (str_eq(suppressor.state, S("ALARM"))) composite_hold_back(c, m, "Alarm", 0);
    else if (m->wait_s) composite_hold_back(c, m, "WaitPeriod", m->wait_s);
    return m->suppressed_by.p != NULL;
}

err composite_check_rule(struct call *c, str rule) {
    bool value;
    str problem;
    struct look *l = look(c, rule, &value, &problem);
    if (!l) return fail(c, &cloud_validation, "AlarmRule must not contain invalid expressions: %.*s", STR_ARGS(problem));
    if (l->too_many) return fail(c, &cloud_validation, "AlarmRule must not name more than %d alarms", CHILDREN_MAX);
    str absent = buf_str(&l->absent);
    if (l->unknown) return fail(c, &cloud_validation, "Could not save the composite alarm as alarms [%.*s] in the alarm rule do not exist", STR_ARGS(absent));
    return NULL;
}
