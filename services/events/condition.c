/* EventBridge's condition keys: what an event says, and what events a rule asks for. */
#include "events.h"

#include "cloud/event_pattern.h"

static void add(struct auth_facts *facts, str key, str value) { facts->v[facts->n++] = (struct auth_fact){key, value}; }

static void make_room(struct call *c, struct auth_facts *facts, size_t n) {
    ASSERT(!facts->v);
    facts->v = NEW_ARRAY(c->arena, struct auth_fact, n);
}

/* ---- an event that is put ---- */

void condition_of_event(struct call *c, const struct event *e, bool from_bus, struct auth_facts *facts) {
    make_room(c, facts, 3);
    add(facts, S("events:source"), e->source);
    add(facts, S("events:detail-type"), e->detail_type);
    add(facts, S("events:eventBusInvocation"), from_bus ? S("true") : S("false"));
}

/* ---- a rule ---- */

enum { PATHS = 5, DEPTH = 3 };
static const struct {
    const char *key, *path[DEPTH + 1]; /* to NULL */
} paths[PATHS] = {
    {"events:source", {"source"}},
    {"events:detail-type", {"detail-type"}},
    {"events:detail.service", {"detail", "service"}},
    {"events:detail.eventTypeCode", {"detail", "eventTypeCode"}},
    {"events:detail.userIdentity.principalId", {"detail", "userIdentity", "principalId"}},
};

/* What is asked in other ways than letter by letter may be anything: "*", which is no name that a policy gives. A rule
 * that asks for less than a policy wants is then not taken for one that asks for it. */
#define ANYTHING S("*")

static void add_values(const struct event_pattern_object *o, str key, const char *const *path, struct auth_facts *facts) {
    if (o->choices) add(facts, key, ANYTHING);
    for (const struct event_pattern_field *f = o->fields; f; f = f->next) {
        if (!str_eq(f->name, str_of(path[0]))) continue;
        for (const struct event_pattern_value *v = path[1] ? NULL : f->values; v; v = v->next)
            add(facts, key, v->test == EVENT_PATTERN_EQUALS_STRING && !v->ignore_case ? v->text : ANYTHING);
        if (f->nested && path[1]) add_values(f->nested, key, path + 1, facts);
    }
}

void condition_of_pattern(struct call *c, str pattern, struct auth_facts *facts) {
    str problem;
    const struct event_pattern *p = pattern.n ? event_pattern_compile(pattern, EVENT_PATTERN_EVENTS, c->arena, &problem) : NULL;
    make_room(c, facts, 2 + PATHS * (pattern.n / 2 + 1)); /* a value or object has two letters and more; and who made and manages the rule */
    if (!p) return;
    for (size_t i = 0; i < PATHS; i++) add_values(&p->root, str_of(paths[i].key), paths[i].path, facts);
}

void condition_of_targets(struct call *c, const struct events_target_list *targets, struct auth_facts *facts) {
    make_room(c, facts, 2 + targets->n);
    for (u32 i = 0; i < targets->n; i++) add(facts, S("events:TargetArn"), targets->v[i].arn);
}

void condition_of_rule(struct call *c, const struct rule *rule, struct auth_facts *facts) {
    if (!facts->v) make_room(c, facts, 2);
    add(facts, S("events:creatorAccount"), rule->created_by.n ? rule->created_by : c->account); /* the caller's, of one that is not there yet */
    if (rule->managed_by.n) add(facts, S("events:ManagedBy"), rule->managed_by);
}
