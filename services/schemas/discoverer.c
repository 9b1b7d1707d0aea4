/* Discoverers: each watches a bus by a rule that EventBridge keeps for it, set with the rights of who asks. */
#include "schemas.h"

#include "gen/events.h"

static str discoverer_row(struct arena *a, str account, str region, str id) {
    struct key k = schemas_key(a, account, region, S("discoverer"));
    if (id.p) key_str(&k, id);
    return key_bytes(&k);
}

str discoverer_arn(struct arena *a, const struct discoverer *d) { return arn_format(a, S("schemas"), d->region, d->account, arena_concat(a, S("discoverer/"), d->id)); }

bool discoverer_load(struct call *c, str id, struct discoverer *d) {
    str row = {0};
    *d = (struct discoverer){0};
    bool there = id.n <= 300 && txn_get(c->txn, discoverer_row(c->arena, c->account, c->region, id), &row);
    if (there) ASSERT(record_decode(c->arena, &schemas_discoverer_record, arena_str(c->arena, row), d));
    d->account = c->account;
    d->region = c->region;
    d->id = id;
    return there;
}

static void save(struct call *c, const struct discoverer *d) {
    txn_put(c->txn, discoverer_row(c->arena, d->account, d->region, d->id), record_encode(c->arena, &schemas_discoverer_record, d));
}

static err open(struct call *c, str id, struct discoverer *d) {
    if (discoverer_load(c, id, d)) return NULL;
    return refuse(c, &schemas_not_found_exception, "Discoverer with ID %.*s does not exist.", STR_ARGS(id));
}

static str state_of(const struct discoverer *d) { return d->stopped ? S("STOPPED") : S("STARTED"); }

/* ---- the rule on the bus ---- */

static str rule_name(struct call *c, const struct discoverer *d) { return arena_concat(c->arena, S("Schemas-"), d->id); }

static struct call_other rules(const struct discoverer *d, u16 op) { return (struct call_other){.service = &events_service, .op = op, .as = CALL_FORWARDED, .source_arn = d->source_arn}; }

/* Events of one's own account alone, unless the discoverer is for those of others, too. */
static err watch(struct call *c, const struct discoverer *d) {
    str pattern = d->cross_account ? S("{\"version\":[\"0\"]}") : arena_format(c->arena, "{\"account\":[\"%.*s\"]}", STR_ARGS(d->account));
    struct events_put_rule_request rule = {.name = rule_name(c, d), .event_bus_name = d->source_arn, .event_pattern = pattern, .state = d->stopped ? S("DISABLED") : S("ENABLED"),
                                           .description = S("Hands events to the schema discoverer of this bus.")};
    struct events_put_rule_response made;
    struct events_target target = {.id = d->id, .arn = discoverer_arn(c->arena, d)};
    struct events_put_targets_request targets = {.rule = rule.name, .event_bus_name = d->source_arn, .targets = {.v = &target, .n = 1, .set = true}};
    struct events_put_targets_response put;
    struct call_other put_rule = rules(d, EVENTS_OP_PUT_RULE), put_targets = rules(d, EVENTS_OP_PUT_TARGETS);
    TRY(call_service(c, &put_rule, &rule, &made));
    return call_service(c, &put_targets, &targets, &put);
}

static err unwatch(struct call *c, const struct discoverer *d) {
    str id = d->id;
    struct events_remove_targets_request targets = {.rule = rule_name(c, d), .event_bus_name = d->source_arn, .ids = {.v = &id, .n = 1, .set = true}, .force = SOME_BOOL(true)};
    struct events_remove_targets_response removed;
    struct events_delete_rule_request rule = {.name = targets.rule, .event_bus_name = d->source_arn, .force = SOME_BOOL(true)};
    struct wire_unit deleted;
    struct call_other remove_targets = rules(d, EVENTS_OP_REMOVE_TARGETS), delete_rule = rules(d, EVENTS_OP_DELETE_RULE);
    err e = call_service(c, &remove_targets, &targets, &removed);
    if (!e) e = call_service(c, &delete_rule, &rule, &deleted);
    return e == &events_resource_not_found_exception ? NULL : e; /* the bus is gone, and its rules with it */
}

/* ---- operations ---- */

/* The bus is there; its name is the discoverer's id. */
static err bus_of(struct call *c, str text, str *id) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !str_eq(arn.service, S("events")) || !str_starts(arn.resource, S("event-bus/")))
        return refuse(c, &schemas_bad_request_exception, "Source ARN must be a valid event bus ARN");
    if (!str_eq(arn.region, c->region)) return refuse(c, &schemas_bad_request_exception, "Cross region Event Bus sourcing is not supported.");
    if (!str_eq(arn.account, c->account)) return refuse(c, &schemas_forbidden_exception, "The event bus must be of the discoverer's own account.");
    str name = str_skip(arn.resource, sizeof "event-bus/" - 1);
    *id = arena_concat(c->arena, S("events-event-bus-"), name);
    struct events_describe_event_bus_request in = {.name = name};
    struct events_describe_event_bus_response out;
    struct call_other bus = {.service = &events_service, .op = EVENTS_OP_DESCRIBE_EVENT_BUS, .as = CALL_FORWARDED};
    err e = call_service(c, &bus, &in, &out);
    return e == &events_resource_not_found_exception ? refuse(c, &schemas_bad_request_exception, "Event bus %.*s does not exist.", STR_ARGS(name)) : e;
}

static bool too_many(struct call *c) {
    str all = discoverer_row(c->arena, c->account, c->region, (str){0}), key, row;
    struct range r = txn_range(c->txn, all, key_after_prefix(c->arena, all));
    i64 n = 0, most = quota(c, S("discoverers"), DISCOVERERS_MAX);
    while (n < most && range_next(&r, &key, &row)) n++;
    return n == most;
}

err schemas_create_discoverer(struct call *c, const struct schemas_create_discoverer_request *in, struct schemas_create_discoverer_response *out) {
    struct discoverer d;
    str id;
    TRY(bus_of(c, in->source_arn, &id));
    if (discoverer_load(c, id, &d)) return refuse(c, &schemas_conflict_exception, "A discoverer for the event bus %.*s already exists.", STR_ARGS(in->source_arn));
    if (too_many(c)) return refuse(c, &schemas_forbidden_exception, "The number of discoverers exceeds the limit.");
    d.created_ms = c->now_ms;
    d.description = in->description;
    d.source_arn = in->source_arn;
    d.cross_account = !in->cross_account.set || in->cross_account.v;
    TRY(watch(c, &d));
    save(c, &d);
    registry_ensure_discovered(c);
    str arn = discoverer_arn(c->arena, &d);
    registry_add(c, arn, S("AWS::EventSchemas::Discoverer"));
    TRY(schemas_tags_add(c, arn, &in->tags));
    *out = (struct schemas_create_discoverer_response){.description = d.description, .discoverer_arn = arn, .discoverer_id = d.id, .source_arn = d.source_arn,
                                                       .state = state_of(&d), .cross_account = SOME_BOOL(d.cross_account), .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_update_discoverer(struct call *c, const struct schemas_update_discoverer_request *in, struct schemas_update_discoverer_response *out) {
    struct discoverer d;
    TRY(open(c, in->discoverer_id, &d));
    if (in->description.p) d.description = in->description;
    if (in->cross_account.set) d.cross_account = in->cross_account.v;
    TRY(watch(c, &d));
    save(c, &d);
    str arn = discoverer_arn(c->arena, &d);
    *out = (struct schemas_update_discoverer_response){.description = d.description, .discoverer_arn = arn, .discoverer_id = d.id, .source_arn = d.source_arn,
                                                       .state = state_of(&d), .cross_account = SOME_BOOL(d.cross_account), .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_describe_discoverer(struct call *c, const struct schemas_describe_discoverer_request *in, struct schemas_describe_discoverer_response *out) {
    struct discoverer d;
    TRY(open(c, in->discoverer_id, &d));
    str arn = discoverer_arn(c->arena, &d);
    *out = (struct schemas_describe_discoverer_response){.description = d.description, .discoverer_arn = arn, .discoverer_id = d.id, .source_arn = d.source_arn,
                                                         .state = state_of(&d), .cross_account = SOME_BOOL(d.cross_account), .tags = schemas_tags_shown(c, arn)};
    return NULL;
}

err schemas_delete_discoverer(struct call *c, const struct schemas_delete_discoverer_request *in, struct wire_unit *out) {
    (void)out;
    struct discoverer d;
    TRY(open(c, in->discoverer_id, &d));
    TRY(unwatch(c, &d));
    txn_delete(c->txn, discoverer_row(c->arena, d.account, d.region, d.id));
    registry_remove(c, discoverer_arn(c->arena, &d));
    return NULL;
}

static err set_stopped(struct call *c, str id, bool stopped, struct discoverer *d) {
    TRY(open(c, id, d));
    d->stopped = stopped;
    TRY(watch(c, d));
    save(c, d);
    return NULL;
}

err schemas_start_discoverer(struct call *c, const struct schemas_start_discoverer_request *in, struct schemas_start_discoverer_response *out) {
    struct discoverer d;
    TRY(set_stopped(c, in->discoverer_id, false, &d));
    *out = (struct schemas_start_discoverer_response){.discoverer_id = d.id, .state = state_of(&d)};
    return NULL;
}

err schemas_stop_discoverer(struct call *c, const struct schemas_stop_discoverer_request *in, struct schemas_stop_discoverer_response *out) {
    struct discoverer d;
    TRY(set_stopped(c, in->discoverer_id, true, &d));
    *out = (struct schemas_stop_discoverer_response){.discoverer_id = d.id, .state = state_of(&d)};
    return NULL;
}

err schemas_list_discoverers(struct call *c, const struct schemas_list_discoverers_request *in, struct schemas_list_discoverers_response *out) {
    struct discoverer d;
    str position, key, row, part, all = discoverer_row(c->arena, c->account, c->region, (str){0}), prefix = in->discoverer_id_prefix.p ? in->discoverer_id_prefix : S("");
    u32 max;
    TRY(schemas_page(c, in->next_token, in->limit, &position, &max));
    out->discoverers.v = NEW_ARRAY(c->arena, struct schemas_discoverer_summary, max);
    out->discoverers.set = true;
    struct range rows = txn_range(c->txn, discoverer_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&rows, &key, &row)) {
        str id = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) id = part;
        if (!str_starts(id, prefix)) break;
        ASSERT(discoverer_load(c, id, &d));
        if (in->source_arn_prefix.p && !str_starts(d.source_arn, in->source_arn_prefix)) continue;
        if (out->discoverers.n == max) {
            out->next_token = page_token(c, id);
            break;
        }
        str arn = discoverer_arn(c->arena, &d);
        out->discoverers.v[out->discoverers.n++] = (struct schemas_discoverer_summary){
            .discoverer_arn = arn, .discoverer_id = d.id, .source_arn = d.source_arn, .state = state_of(&d), .cross_account = SOME_BOOL(d.cross_account), .tags = schemas_tags_shown(c, arn)};
    }
    return NULL;
}
