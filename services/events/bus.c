/* Event buses, and who else may put events on one. The bus "default" is always there.
 *
 * DIFFERS: a bus's key of KMS is named, and does not seal what waits to be delivered. */
#include "events.h"

#include "auth/policy.h"
#include "cloud/policy_document.h"
#include "cloud/policy_principal.h"
#include "text/json.h"

static void bus_save(struct call *c, struct bus *bus) {
    bus->modified_ms = c->now_ms;
    if (!bus->created_ms) bus->created_ms = c->now_ms;
    txn_put(c->txn, bus_row(c->arena, bus->account, bus->region, bus->name), record_encode(c->arena, &events_bus_record, bus));
}

static bool too_many(struct call *c) {
    struct key all = events_key(c->arena, c->account, c->region, S("bus"));
    str prefix = key_bytes(&all), key, row;
    struct range r = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    i64 n = 1, most = quota(c, S("buses"), BUSES_MAX); /* the default one may have no row */
    while (n < most && range_next(&r, &key, &row)) n++;
    return n >= most;
}

err events_create_event_bus(struct call *c, const struct events_create_event_bus_request *in, struct events_create_event_bus_response *out) {
    struct bus bus;
    if (in->event_source_name.p) TRY(source_taken_up(c, in->name, in->event_source_name));
    else if (str_find_char(in->name, '/') != STR_NONE) return fail(c, &cloud_validation, "Event bus name must not contain '/'.");
    if (bus_load(c->txn, c->arena, c->account, c->region, in->name, &bus))
        return fail(c, &events_resource_already_exists_exception, "Event bus %.*s already exists.", STR_ARGS(in->name));
    if (too_many(c)) return fail(c, &events_limit_exceeded_exception, "The requested resource exceeds the maximum number allowed.");
    bus = (struct bus){.account = c->account, .region = c->region, .name = in->name, .description = in->description, .kms_key = in->kms_key_identifier};
    if (in->dead_letter_config) bus.dead_letter_arn = in->dead_letter_config->arn;
    bus_save(c, &bus);
    *out = (struct events_create_event_bus_response){.event_bus_arn = bus_arn(c->arena, &bus), .description = in->description, .kms_key_identifier = in->kms_key_identifier,
                                                     .dead_letter_config = in->dead_letter_config};
    registry_add(c, out->event_bus_arn, S("AWS::Events::EventBus"));
    return event_tags_add(c, out->event_bus_arn, &in->tags);
}

err events_update_event_bus(struct call *c, const struct events_update_event_bus_request *in, struct events_update_event_bus_response *out) {
    struct bus bus;
    TRY(bus_open(c, in->name, &bus));
    if (in->description.p) bus.description = in->description;
    if (in->kms_key_identifier.p) bus.kms_key = in->kms_key_identifier;
    if (in->dead_letter_config) bus.dead_letter_arn = in->dead_letter_config->arn;
    bus_save(c, &bus);
    *out = (struct events_update_event_bus_response){.arn = bus_arn(c->arena, &bus), .name = bus.name, .description = bus.description, .kms_key_identifier = bus.kms_key,
                                                     .dead_letter_config = in->dead_letter_config};
    return NULL;
}

/* A bus goes with its rules, of which an account may have any number: those that have targets keep it. */
err events_delete_event_bus(struct call *c, const struct events_delete_event_bus_request *in, struct wire_unit *out) {
    (void)out;
    struct bus bus;
    str key, row;
    if (str_eq(in->name, S("default"))) return fail(c, &cloud_validation, "Cannot delete event bus default.");
    if (!bus_load(c->txn, c->arena, c->account, c->region, in->name, &bus)) return NULL;
    struct range rules = rules_of(c->txn, c->arena, &bus, (str){0});
    if (range_next(&rules, &key, &row)) return fail(c, &cloud_validation, "Event bus %.*s cannot be deleted since it has rules.", STR_ARGS(in->name));
    txn_delete(c->txn, bus_row(c->arena, bus.account, bus.region, bus.name));
    registry_remove(c, bus_arn(c->arena, &bus));
    source_left(c, bus.name);
    return NULL;
}

err events_describe_event_bus(struct call *c, const struct events_describe_event_bus_request *in, struct events_describe_event_bus_response *out) {
    struct bus bus;
    TRY(bus_open(c, in->name, &bus));
    *out = (struct events_describe_event_bus_response){.name = bus.name, .arn = bus_arn(c->arena, &bus), .description = bus.description, .policy = policy_principals_shown(c, bus.policy),
                                                       .kms_key_identifier = bus.kms_key};
    if (bus.created_ms && !str_eq(bus.name, S("default"))) {
        out->creation_time = SOME_TIME(bus.created_ms);
        out->last_modified_time = SOME_TIME(bus.modified_ms);
    }
    if (bus.dead_letter_arn.p) {
        out->dead_letter_config = NEW(c->arena, struct events_dead_letter_config);
        out->dead_letter_config->arn = bus.dead_letter_arn;
    }
    return NULL;
}

static struct events_event_bus shown(struct call *c, const struct bus *bus) {
    struct events_event_bus s = {.name = bus->name, .arn = bus_arn(c->arena, bus), .description = bus->description, .policy = policy_principals_shown(c, bus->policy)};
    if (bus->created_ms && !str_eq(bus->name, S("default"))) {
        s.creation_time = SOME_TIME(bus->created_ms);
        s.last_modified_time = SOME_TIME(bus->modified_ms);
    }
    return s;
}

err events_list_event_buses(struct call *c, const struct events_list_event_buses_request *in, struct events_list_event_buses_response *out) {
    str position, key, row, part, prefix = in->name_prefix.p ? in->name_prefix : S("");
    u32 max;
    struct bus bus;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->event_buses.v = NEW_ARRAY(c->arena, struct events_event_bus, max + 1);
    out->event_buses.set = true;
    /* The default bus has no row before somebody changed it; it comes where its name stands. */
    bool default_due = str_starts(S("default"), prefix) && (!position.p || str_cmp(position, S("default")) <= 0);
    struct key all = events_key(c->arena, c->account, c->region, S("bus"));
    struct range r = txn_range(c->txn, bus_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, key_bytes(&all)));
    for (bool more = true; more;) {
        str name = {0};
        more = range_next(&r, &key, &row);
        if (more)
            for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (default_due && (!more || str_cmp(name, S("default")) >= 0)) {
            ASSERT(bus_load(c->txn, c->arena, c->account, c->region, S("default"), &bus));
            out->event_buses.v[out->event_buses.n++] = shown(c, &bus);
            default_due = false;
            if (more && str_eq(name, S("default"))) continue;
        }
        if (!more || !str_starts(name, prefix)) break;
        if (out->event_buses.n >= max) {
            out->next_token = page_token(c, name);
            break;
        }
        ASSERT(bus_load(c->txn, c->arena, c->account, c->region, name, &bus));
        out->event_buses.v[out->event_buses.n++] = shown(c, &bus);
    }
    return NULL;
}

/* ---- permissions ---- */

/* A document of the caller's: as it is kept, in `d` too. */
static err take_policy(struct call *c, str given, str *policy, struct policy_document *d) {
    str problem;
    struct policy_stranger stranger;
    if (!policy_compile(given, POLICY_RESOURCE, c->arena, &problem)) return fail(c, &cloud_validation, "Error occurred while parsing policy: %.*s", STR_ARGS(problem));
    if (!policy_principals_bind(c, given, policy, &stranger))
        return fail(c, &cloud_validation, "Error occurred while parsing policy: Invalid principal in policy: \"%s\":\"%.*s\"", stranger.type, STR_ARGS(stranger.name));
    return policy_document_read(c->arena, *policy, d) ? NULL : fail(c, &events_policy_length_exceeded_exception, "The policy is too long.");
}

static void set_policy(struct call *c, struct bus *bus, str policy) {
    bus->policy = policy;
    bus_save(c, bus);
    txn_raise_epoch(c->txn);
}

static void write_principal(struct buf *b, str principal) {
    if (str_eq(principal, S("*"))) {
        json_write_string(b, principal);
        return;
    }
    json_write_object(b);
    json_write_member(b, S("AWS"), account_valid(principal) ? arena_format(b->arena, "arn:aws:iam::%.*s:root", STR_ARGS(principal)) : principal);
    json_write_object_end(b);
}

static str statement(struct call *c, const struct bus *bus, const struct events_put_permission_request *in) {
    struct buf b = buf_new(c->arena, 16 << 10);
    json_write_object(&b);
    json_write_member(&b, S("Sid"), in->statement_id);
    json_write_member(&b, S("Effect"), S("Allow"));
    json_write_key(&b, S("Principal"));
    write_principal(&b, in->principal);
    json_write_member(&b, S("Action"), in->action);
    json_write_member(&b, S("Resource"), bus_arn(c->arena, bus));
    if (in->condition) {
        json_write_key(&b, S("Condition"));
        json_write_object(&b);
        json_write_key(&b, in->condition->type);
        json_write_object(&b);
        json_write_member(&b, in->condition->key, in->condition->value);
        json_write_object_end(&b);
        json_write_object_end(&b);
    }
    json_write_object_end(&b);
    return buf_str(&b);
}

err events_put_permission(struct call *c, const struct events_put_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct bus bus;
    struct policy_document *d = NEW(c->arena, struct policy_document), *added = NEW(c->arena, struct policy_document);
    str policy;
    TRY(bus_open(c, in->event_bus_name, &bus));
    if (in->policy.p) {
        TRY(take_policy(c, in->policy, &policy, d));
        set_policy(c, &bus, policy);
        return NULL;
    }
    if (!str_eq(in->action, S("events:PutEvents"))) return fail(c, &cloud_validation, "Provided value in parameter 'action' is not supported.");
    if (!in->statement_id.p || !in->principal.p) return fail(c, &cloud_validation, "Parameters Action, Principal and StatementId are required, or Policy.");
    if (bus.policy.p) ASSERT(policy_document_read(c->arena, bus.policy, d)); /* was checked when it was set */
    else d->version = S("2012-10-17");
    size_t at = policy_document_find(d, in->statement_id);
    if (at != STR_NONE) policy_document_remove(d, at); /* the same id replaces */
    if (d->n == POLICY_STATEMENTS_MAX) return fail(c, &events_policy_length_exceeded_exception, "The policy is too long.");
    *added = (struct policy_document){.version = d->version, .n = 1};
    added->statements[0].json = statement(c, &bus, in);
    TRY(take_policy(c, policy_document_write(c->arena, added), &policy, added));
    d->statements[d->n++] = added->statements[0];
    set_policy(c, &bus, policy_document_write(c->arena, d));
    return NULL;
}

err events_remove_permission(struct call *c, const struct events_remove_permission_request *in, struct wire_unit *out) {
    (void)out;
    struct bus bus;
    struct policy_document *d = NEW(c->arena, struct policy_document);
    TRY(bus_open(c, in->event_bus_name, &bus));
    if (!bus.policy.p) return fail(c, &events_resource_not_found_exception, "EventBus does not have a policy.");
    ASSERT(policy_document_read(c->arena, bus.policy, d));
    if (in->remove_all_permissions.v) d->n = 0;
    else {
        size_t at = policy_document_find(d, in->statement_id);
        if (at == STR_NONE) return fail(c, &events_resource_not_found_exception, "Statement with the provided id does not exist.");
        policy_document_remove(d, at);
    }
    set_policy(c, &bus, d->n ? policy_document_write(c->arena, d) : (str){0});
    return NULL;
}
