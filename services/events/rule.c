/* Rules: put, enabled, deleted, listed; their schedules. */
#include "events.h"

#include "cloud/schedule.h"

/* ---- the mark by which others know that somebody listens (emit_event of the cloud) ---- */

static void listens(struct call *c, const struct rule *rule, bool on) {
    struct key k = key_new(c->arena, S("event-rule"));
    key_str(&k, rule->account);
    key_str(&k, rule->region);
    key_str(&k, rule->name);
    if (on && str_eq(rule->bus, S("default"))) txn_put(c->txn, key_bytes(&k), S(""));
    else txn_delete(c->txn, key_bytes(&k));
}

/* ---- schedules ---- */

static str schedule_task_key(struct arena *a, const struct rule *rule) {
    return arena_format(a, "%.*s/%.*s/%.*s", STR_ARGS(rule->account), STR_ARGS(rule->region), STR_ARGS(rule->name));
}

static void schedule_set(struct txn *t, struct arena *a, const struct rule *rule, i64 after_ms) {
    struct schedule s;
    str key = schedule_task_key(a, rule);
    i64 next = rule->schedule.p && rule_enabled(rule) && schedule_parse(rule->schedule, &s) ? schedule_next(&s, after_ms) : -1;
    if (next >= 0) txn_task_set(t, &(struct task){.kind = S("events-schedule"), .key = key, .due_ms = next});
    else txn_task_cancel(t, S("events-schedule"), key);
}

err schedule_fire(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str name = arena_str(a, task->key), account = str_cut(&name, '/'), region = str_cut(&name, '/');
    struct bus bus;
    struct rule rule;
    ASSERT(bus_load(t, a, account, region, S("default"), &bus));
    if (!rule_load(t, a, &bus, name, &rule) || !rule_enabled(&rule)) return NULL;
    struct call *c = call_for_task(t, &events_service, account, region, now_ms);
    str resource = rule_arn(c->arena, &rule);
    struct event e = {.id = id_uuid(c->arena), .source = S("aws.events"), .detail_type = S("Scheduled Event"), .detail = S("{}"), .account = account, .region = region,
                      .resources = &resource, .resource_count = 1, .time_ms = now_ms};
    event_finish(c->arena, &e);
    for (u32 i = 0; i < rule.targets.n; i++) deliver_to(c, &rule, &rule.targets.v[i], &e);
    schedule_set(t, a, &rule, now_ms);
    return NULL;
}

/* ---- how many there are: a row a bus, since nobody should count them at each PutRule ---- */

static err count_rule(struct call *c, const struct bus *bus, i64 by) {
    struct key k = events_key(c->arena, bus->account, bus->region, S("rule-count"));
    key_str(&k, bus->name);
    str key = key_bytes(&k), row, each;
    i64 n = 0;
    if (!txn_get(c->txn, key, &row) || !str_to_i64(row, &n)) {
        struct range all = rules_of(c->txn, c->arena, bus, (str){0});
        while (range_next(&all, &each, &row)) n++;
    }
    if (by > 0 && n >= quota(c, S("rules"), RULES_MAX)) return fail(c, &events_limit_exceeded_exception, "The requested resource exceeds the maximum number allowed.");
    txn_put(c->txn, key, arena_format(c->arena, "%lld", (long long)(n + by)));
    return NULL;
}

/* ---- PutRule and its kin ---- */

static void refresh(struct call *c, struct rule *rule) {
    str problem;
    const struct event_pattern *p = rule->pattern.p && rule_enabled(rule) ? event_pattern_compile(rule->pattern, EVENT_PATTERN_EVENTS, c->arena, &problem) : NULL;
    index_remove(c, rule);
    if (p) index_add(c, rule, p);
    listens(c, rule, p != NULL);
    rule_save(c->txn, c->arena, rule);
    schedule_set(c->txn, c->arena, rule, c->now_ms);
}

static err check_rule(struct call *c, const struct events_put_rule_request *in, const struct bus *bus) {
    struct schedule s;
    str problem;
    if (!in->event_pattern.n && !in->schedule_expression.n) return fail(c, &cloud_validation, "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (in->schedule_expression.n) {
        if (!str_eq(bus->name, S("default"))) return fail(c, &cloud_validation, "ScheduleExpression is supported only on the default event bus.");
        if (!schedule_parse(in->schedule_expression, &s) || s.kind == SCHEDULE_AT) return fail(c, &cloud_validation, "Parameter ScheduleExpression is not valid.");
    }
    if (in->event_pattern.n && !event_pattern_compile(in->event_pattern, EVENT_PATTERN_EVENTS, c->arena, &problem))
        return fail(c, &events_invalid_event_pattern_exception, "Event pattern is not valid. Reason: %.*s", STR_ARGS(problem));
    return NULL;
}

/* A service that sets a rule with its caller's rights keeps it: others change it by force only. */
static str manager_of(struct call *c) {
    if (!c->outer || !c->forwarded) return (str){0};
    return arena_format(c->arena, "%s.amazonaws.com", c->outer->service->wire->text + c->outer->service->wire->name);
}

err rule_unmanaged(struct call *c, const struct rule *rule, bool force) {
    if (!rule->managed_by.p || force || str_eq(rule->managed_by, manager_of(c))) return NULL;
    return fail(c, &events_managed_rule_exception, "Rule %.*s is managed by an AWS service, can only be modified if force is true.", STR_ARGS(rule->name));
}

err events_put_rule(struct call *c, const struct events_put_rule_request *in, struct events_put_rule_response *out) {
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(check_rule(c, in, &bus));
    TRY(pass_role(c, in->role_arn, S("events.amazonaws.com")));
    bool there = rule_load(c->txn, c->arena, &bus, in->name, &rule);
    if (there) TRY(rule_unmanaged(c, &rule, false));
    if (!there) TRY(count_rule(c, &bus, 1));
    if (!there) rule = (struct rule){.created_ms = c->now_ms, .created_by = c->account, .managed_by = manager_of(c), .account = bus.account, .region = bus.region, .bus = bus.name, .name = in->name};
    rule.pattern = in->event_pattern.n ? in->event_pattern : (str){0};
    rule.schedule = in->schedule_expression.n ? in->schedule_expression : (str){0};
    rule.state = in->state.p ? in->state : S("ENABLED");
    rule.description = in->description;
    rule.role = in->role_arn;
    refresh(c, &rule);
    out->rule_arn = rule_arn(c->arena, &rule);
    if (there) return NULL;
    registry_add(c, out->rule_arn, S("AWS::Events::Rule"));
    return event_tags_add(c, out->rule_arn, &in->tags);
}

static err set_state(struct call *c, str bus_name, str name, str state) {
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, bus_name, &bus));
    TRY(rule_open(c, &bus, name, &rule));
    TRY(rule_unmanaged(c, &rule, false));
    rule.state = state;
    refresh(c, &rule);
    return NULL;
}

err events_enable_rule(struct call *c, const struct events_enable_rule_request *in, struct wire_unit *out) {
    (void)out;
    return set_state(c, in->event_bus_name, in->name, S("ENABLED"));
}

err events_disable_rule(struct call *c, const struct events_disable_rule_request *in, struct wire_unit *out) {
    (void)out;
    return set_state(c, in->event_bus_name, in->name, S("DISABLED"));
}

err events_delete_rule(struct call *c, const struct events_delete_rule_request *in, struct wire_unit *out) {
    (void)out;
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, in->event_bus_name, &bus));
    if (!rule_load(c->txn, c->arena, &bus, in->name, &rule)) return NULL;
    TRY(rule_unmanaged(c, &rule, in->force.set && in->force.v));
    if (rule.targets.n) return fail(c, &cloud_validation, "Rule can't be deleted since it has targets.");
    rule.state = S("DISABLED");
    refresh(c, &rule);
    TRY(count_rule(c, &bus, -1));
    txn_delete(c->txn, rule_row(c->arena, &bus, in->name));
    registry_remove(c, rule_arn(c->arena, &rule));
    return NULL;
}

err events_describe_rule(struct call *c, const struct events_describe_rule_request *in, struct events_describe_rule_response *out) {
    struct bus bus;
    struct rule rule;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(rule_open(c, &bus, in->name, &rule));
    *out = (struct events_describe_rule_response){.name = rule.name, .arn = rule_arn(c->arena, &rule), .event_pattern = rule.pattern, .schedule_expression = rule.schedule,
                                                  .state = rule.state, .description = rule.description, .role_arn = rule.role, .event_bus_name = bus.name,
                                                  .created_by = rule.created_by, .managed_by = rule.managed_by};
    return NULL;
}

err events_list_rules(struct call *c, const struct events_list_rules_request *in, struct events_list_rules_response *out) {
    struct bus bus;
    struct rule rule;
    str position, key, row, prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->rules.v = NEW_ARRAY(c->arena, struct events_rule, max);
    out->rules.set = true;
    struct range r = rules_of(c->txn, c->arena, &bus, position.p ? position : prefix);
    while (range_next(&r, &key, &row)) {
        rule_decode(c->arena, key, row, &rule);
        if (!str_starts(rule.name, prefix)) break;
        if (out->rules.n == max) {
            out->next_token = page_token(c, rule.name);
            break;
        }
        out->rules.v[out->rules.n++] = (struct events_rule){.name = rule.name, .arn = rule_arn(c->arena, &rule), .event_pattern = rule.pattern, .state = rule.state,
                                                            .description = rule.description, .schedule_expression = rule.schedule, .role_arn = rule.role, .event_bus_name = bus.name,
                                                            .managed_by = rule.managed_by};
    }
    return NULL;
}

static bool has_target(const struct rule *rule, str arn) {
    for (u32 i = 0; i < rule->targets.n; i++)
        if (str_eq(rule->targets.v[i].arn, arn)) return true;
    return false;
}

err events_list_rule_names_by_target(struct call *c, const struct events_list_rule_names_by_target_request *in, struct events_list_rule_names_by_target_response *out) {
    struct bus bus;
    struct rule rule;
    str position, key, row;
    u32 max;
    TRY(bus_open(c, in->event_bus_name, &bus));
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->rule_names.v = NEW_ARRAY(c->arena, str, max);
    out->rule_names.set = true;
    struct range r = rules_of(c->txn, c->arena, &bus, position);
    while (range_next(&r, &key, &row)) {
        rule_decode(c->arena, key, row, &rule);
        if (!has_target(&rule, in->target_arn)) continue;
        if (out->rule_names.n == max) {
            out->next_token = page_token(c, rule.name);
            break;
        }
        out->rule_names.v[out->rule_names.n++] = rule.name;
    }
    return NULL;
}
