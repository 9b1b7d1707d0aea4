/* What the decision needs to know: a rule's ARN has its bus in it, and a bus has a policy. */
#include "events.h"

static void of_bus(struct call *c, str name, struct bus *bus, struct auth_facts *facts) {
    struct arn arn;
    if (bus_open(c, name, bus)) {
        bool there = name.p && arn_parse(name, &arn); /* what is not there is judged like what is: nobody learns the difference */
        *bus = (struct bus){.account = there ? arn.account : c->account, .region = there ? arn.region : c->region, .name = name.p ? str_skip(name, str_rfind_char(name, '/') + 1) : S("default")};
    }
    facts->resource_policy = bus->policy;
    facts->resource_account = bus->account;
    facts->resource_arn = bus_arn(c->arena, bus);
}

static void of_rule(struct call *c, str bus_name, str name, struct auth_facts *facts) {
    struct bus bus;
    of_bus(c, bus_name, &bus, facts);
    struct rule rule = {0};
    if (!rule_load(c->txn, c->arena, &bus, name, &rule)) rule = (struct rule){.account = bus.account, .region = bus.region, .bus = bus.name, .name = name};
    facts->resource_arn = rule_arn(c->arena, &rule);
    condition_of_rule(c, &rule, facts);
}

#define RULE_FACTS(operation, member)                                                                                                  \
    err events_##operation##_facts(struct call *c, const struct events_##operation##_request *in, struct auth_facts *facts) {          \
        of_rule(c, in->event_bus_name, in->member, facts);                                                                             \
        return NULL;                                                                                                                   \
    }
RULE_FACTS(delete_rule, name)
RULE_FACTS(describe_rule, name)
RULE_FACTS(enable_rule, name)
RULE_FACTS(disable_rule, name)
RULE_FACTS(remove_targets, rule)
RULE_FACTS(list_targets_by_rule, rule)

err events_put_rule_facts(struct call *c, const struct events_put_rule_request *in, struct auth_facts *facts) {
    condition_of_pattern(c, in->event_pattern, facts);
    of_rule(c, in->event_bus_name, in->name, facts);
    return NULL;
}

err events_put_targets_facts(struct call *c, const struct events_put_targets_request *in, struct auth_facts *facts) {
    condition_of_targets(c, &in->targets, facts);
    of_rule(c, in->event_bus_name, in->rule, facts);
    return NULL;
}

#define BUS_FACTS(operation, member)                                                                                                   \
    err events_##operation##_facts(struct call *c, const struct events_##operation##_request *in, struct auth_facts *facts) {          \
        struct bus bus;                                                                                                                \
        of_bus(c, in->member, &bus, facts);                                                                                            \
        return NULL;                                                                                                                   \
    }
BUS_FACTS(describe_event_bus, name)
BUS_FACTS(update_event_bus, name)
BUS_FACTS(put_permission, event_bus_name)
BUS_FACTS(remove_permission, event_bus_name)

/* AWS asks the right to list of "*"; to list what another account's bus has needs that bus's policy besides. */
#define LIST_FACTS(operation)                                                                                                          \
    err events_##operation##_facts(struct call *c, const struct events_##operation##_request *in, struct auth_facts *facts) {          \
        struct bus bus;                                                                                                                \
        struct auth_facts of = {0};                                                                                                    \
        of_bus(c, in->event_bus_name, &bus, &of);                                                                                      \
        if (!str_eq(bus.account, c->account)) *facts = of;                                                                             \
        return NULL;                                                                                                                   \
    }
LIST_FACTS(list_rules)
LIST_FACTS(list_rule_names_by_target)
