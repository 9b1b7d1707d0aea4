/* The rows of buses, rules and connections, which others look for: their keys, ARNs, and how one is found. */
#include "connection.h"

struct key events_key(struct arena *a, str account, str region, str type) {
    struct key k = key_new(a, S("events"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, type);
    return k;
}

err limits_page(struct call *c, str token, struct opt_i32 limit, str *position, u32 *max) {
    *position = (str){0};
    *max = limit.set ? (u32)limit.v : PAGE;
    if (token.p && !page_position(c, token, position)) return fail(c, &cloud_validation, "The NextToken is not valid.");
    return NULL;
}

/* ---- buses: "default" has a row only when it was changed ---- */

str bus_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("bus"));
    key_str(&k, name);
    return key_bytes(&k);
}

bool bus_load(struct txn *t, struct arena *a, str account, str region, str name, struct bus *bus) {
    str row;
    if (name.n > 256 || region.n > 40) return false;
    bool there = txn_get(t, bus_row(a, account, region, name), &row);
    if (!there && !str_eq(name, S("default"))) return false;
    *bus = (struct bus){0};
    if (there) ASSERT(record_decode(a, &events_bus_record, arena_str(a, row), bus));
    bus->account = account;
    bus->region = region;
    bus->name = name;
    return true;
}

str bus_arn(struct arena *a, const struct bus *bus) { return arn_format(a, S("events"), bus->region, bus->account, arena_concat(a, S("event-bus/"), bus->name)); }

err bus_open(struct call *c, str name_or_arn, struct bus *bus) {
    struct arn arn = {.account = c->account, .region = c->region};
    str name = name_or_arn.p ? name_or_arn : S("default");
    if (str_starts(name, S("arn:")) && arn_parse(name, &arn) && str_starts(arn.resource, S("event-bus/"))) name = str_skip(arn.resource, 10);
    if (bus_load(c->txn, c->arena, arn.account, arn.region, name, bus)) return NULL;
    return fail(c, &events_resource_not_found_exception, "Event bus %.*s does not exist.", STR_ARGS(name));
}

/* ---- rules ---- */

static struct key rule_key(struct arena *a, const struct bus *bus, str name) {
    struct key k = events_key(a, bus->account, bus->region, S("rule"));
    key_str(&k, bus->name);
    if (name.p) key_str(&k, name);
    return k;
}

str rule_row(struct arena *a, const struct bus *bus, str name) {
    struct key k = rule_key(a, bus, name);
    return key_bytes(&k);
}

struct range rules_of(struct txn *t, struct arena *a, const struct bus *bus, str from) {
    str all = rule_row(a, bus, (str){0});
    return txn_range(t, from.p ? rule_row(a, bus, from) : all, key_after_prefix(a, all));
}

void rule_decode(struct arena *a, str key, str row, struct rule *rule) {
    str rest = arena_str(a, key), part;
    *rule = (struct rule){0};
    ASSERT(record_decode(a, &events_rule_record, arena_str(a, row), rule));
    ASSERT(key_read_str(&rest, a, &part) && key_read_str(&rest, a, &rule->account) && key_read_str(&rest, a, &rule->region) && key_read_str(&rest, a, &part)
           && key_read_str(&rest, a, &rule->bus) && key_read_str(&rest, a, &rule->name));
}

bool rule_load(struct txn *t, struct arena *a, const struct bus *bus, str name, struct rule *rule) {
    str key = rule_row(a, bus, name), row;
    if (!txn_get(t, key, &row)) return false;
    rule_decode(a, key, row, rule);
    return true;
}

void rule_save(struct txn *t, struct arena *a, const struct rule *rule) {
    struct bus bus = {.account = rule->account, .region = rule->region, .name = rule->bus};
    txn_put(t, rule_row(a, &bus, rule->name), record_encode(a, &events_rule_record, rule));
}

str rule_arn(struct arena *a, const struct rule *rule) {
    bool plain = str_eq(rule->bus, S("default"));
    str resource = plain ? arena_concat(a, S("rule/"), rule->name) : arena_format(a, "rule/%.*s/%.*s", STR_ARGS(rule->bus), STR_ARGS(rule->name));
    return arn_format(a, S("events"), rule->region, rule->account, resource);
}

bool rule_enabled(const struct rule *rule) { return !str_eq(rule->state, S("DISABLED")); }

err rule_open(struct call *c, const struct bus *bus, str name, struct rule *rule) {
    if (name.n <= 64 && rule_load(c->txn, c->arena, bus, name, rule)) return NULL;
    return fail(c, &events_resource_not_found_exception, "Rule %.*s does not exist on EventBus %.*s.", STR_ARGS(name), STR_ARGS(bus->name));
}

/* ---- connections ---- */

str connection_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("connection"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

str connection_arn(struct arena *a, const struct connection *k) {
    return arn_format(a, S("events"), k->region, k->account, arena_format(a, "connection/%.*s/%.*s", STR_ARGS(k->name), STR_ARGS(k->uuid)));
}

bool connection_load(struct txn *t, struct arena *a, str account, str region, str name, struct connection *k) {
    str row;
    *k = (struct connection){0};
    if (!txn_get(t, connection_row(a, account, region, name), &row)) return false;
    ASSERT(record_decode(a, &events_connection_record, arena_str(a, row), k));
    k->account = account;
    k->region = region;
    k->name = name;
    return true;
}

void connection_save(struct txn *t, struct arena *a, const struct connection *k) {
    txn_put(t, connection_row(a, k->account, k->region, k->name), record_encode(a, &events_connection_record, k));
}

bool connection_of_arn(struct txn *t, struct arena *a, str text, struct connection *k) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_starts(arn.resource, S("connection/"))) return false;
    str rest = str_skip(arn.resource, sizeof "connection/" - 1), name = str_cut(&rest, '/');
    return connection_load(t, a, arn.account, arn.region, name, k) && str_eq(k->uuid, rest);
}

bool connection_ready(const struct connection *k) { return str_eq(k->state, S("AUTHORIZED")); }
