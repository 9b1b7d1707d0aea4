/* API destinations: endpoints of others that rules can call, by a connection, at a rate. */
#include "connection.h"

static str destination_row(struct arena *a, str account, str region, str name) {
    struct key k = events_key(a, account, region, S("api-destination"));
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

static str destination_arn(struct arena *a, const struct destination *d) {
    return arn_format(a, S("events"), d->region, d->account, arena_format(a, "api-destination/%.*s/%.*s", STR_ARGS(d->name), STR_ARGS(d->uuid)));
}

static bool load(struct txn *t, struct arena *a, str account, str region, str name, struct destination *d) {
    str row;
    *d = (struct destination){0};
    if (!txn_get(t, destination_row(a, account, region, name), &row)) return false;
    ASSERT(record_decode(a, &events_destination_record, arena_str(a, row), d));
    d->account = account;
    d->region = region;
    d->name = name;
    return true;
}

static void save(struct call *c, const struct destination *d) {
    txn_put(c->txn, destination_row(c->arena, d->account, d->region, d->name), record_encode(c->arena, &events_destination_record, d));
}

bool destination_is_arn(const struct arn *arn) { return str_eq(arn->service, S("events")) && str_starts(arn->resource, S("api-destination/")); }

bool destination_of_arn(struct txn *t, struct arena *a, str text, struct destination *d) {
    struct arn arn;
    if (!arn_parse(text, &arn) || !destination_is_arn(&arn)) return false;
    str rest = str_skip(arn.resource, sizeof "api-destination/" - 1), name = str_cut(&rest, '/');
    return load(t, a, arn.account, arn.region, name, d) && str_eq(d->uuid, rest);
}

/* ---- turns: a destination's calls are as far apart as its rate says ---- */

static str slot_row(struct arena *a, const struct destination *d) {
    struct key k = events_key(a, d->account, d->region, S("api-destination-turn"));
    key_str(&k, d->uuid);
    return key_bytes(&k);
}

i64 destination_turn(struct txn *t, struct arena *a, const struct destination *d, i64 now_ms) {
    str row = slot_row(a, d), value;
    i64 at_us = now_ms * 1000, free_us;
    if (txn_get(t, row, &value) && str_to_i64(value, &free_us)) at_us = MAX(at_us, free_us);
    txn_put(t, row, arena_format(a, "%lld", (long long)(at_us + 1000000 / MAX(d->rate, 1))));
    return at_us / 1000;
}

/* ---- the operations ---- */

static err open(struct call *c, str name, const char *what, struct destination *d) {
    if (load(c->txn, c->arena, c->account, c->region, name, d)) return NULL;
    return fail(c, &events_resource_not_found_exception, "Failed to %s the api-destination(s). An api-destination '%.*s' does not exist.", what, STR_ARGS(name));
}

static str state_of(struct call *c, const struct destination *d) {
    struct connection k;
    bool active = connection_of_arn(c->txn, c->arena, d->connection, &k) && connection_ready(&k);
    return active ? S("ACTIVE") : S("INACTIVE");
}

static err check(struct call *c, const struct destination *d) {
    struct connection k;
    if (!str_starts(d->endpoint, S("http://")) && !str_starts(d->endpoint, S("https://"))) /* DIFFERS: AWS takes https alone */
        return fail(c, &cloud_validation, "Parameter InvocationEndpoint is not valid. Reason: it must be an HTTPS URL.");
    if (connection_of_arn(c->txn, c->arena, d->connection, &k) && str_eq(k.account, c->account)) return NULL;
    str name = str_skip(d->connection, str_find(d->connection, S(":connection/")) + sizeof ":connection/" - 1);
    return fail(c, &events_resource_not_found_exception, "Connection '%.*s' does not exist.", STR_ARGS(str_take(name, str_find_char(name, '/'))));
}

err events_create_api_destination(struct call *c, const struct events_create_api_destination_request *in, struct events_create_api_destination_response *out) {
    struct destination d;
    if (load(c->txn, c->arena, c->account, c->region, in->name, &d))
        return fail(c, &events_resource_already_exists_exception, "An api-destination '%.*s' already exists.", STR_ARGS(in->name));
    d = (struct destination){.created_ms = c->now_ms, .modified_ms = c->now_ms, .uuid = id_uuid(c->arena), .description = in->description, .connection = in->connection_arn,
                             .endpoint = in->invocation_endpoint, .method = in->http_method, .account = c->account, .region = c->region, .name = in->name,
                             .rate = in->invocation_rate_limit_per_second.set ? in->invocation_rate_limit_per_second.v : RATE_DEFAULT};
    TRY(check(c, &d));
    save(c, &d);
    *out = (struct events_create_api_destination_response){.api_destination_arn = destination_arn(c->arena, &d), .api_destination_state = state_of(c, &d),
                                                           .creation_time = SOME_TIME(d.created_ms), .last_modified_time = SOME_TIME(d.modified_ms)};
    registry_add(c, out->api_destination_arn, S("AWS::Events::ApiDestination"));
    return NULL;
}

err events_update_api_destination(struct call *c, const struct events_update_api_destination_request *in, struct events_update_api_destination_response *out) {
    struct destination d;
    TRY(open(c, in->name, "update", &d));
    if (in->description.p) d.description = in->description;
    if (in->connection_arn.p) d.connection = in->connection_arn;
    if (in->invocation_endpoint.p) d.endpoint = in->invocation_endpoint;
    if (in->http_method.p) d.method = in->http_method;
    if (in->invocation_rate_limit_per_second.set) d.rate = in->invocation_rate_limit_per_second.v;
    d.modified_ms = c->now_ms;
    TRY(check(c, &d));
    save(c, &d);
    *out = (struct events_update_api_destination_response){.api_destination_arn = destination_arn(c->arena, &d), .api_destination_state = state_of(c, &d),
                                                           .creation_time = SOME_TIME(d.created_ms), .last_modified_time = SOME_TIME(d.modified_ms)};
    return NULL;
}

err events_delete_api_destination(struct call *c, const struct events_delete_api_destination_request *in, struct events_delete_api_destination_response *out) {
    (void)out;
    struct destination d;
    TRY(open(c, in->name, "delete", &d));
    txn_delete(c->txn, destination_row(c->arena, c->account, c->region, in->name));
    txn_delete(c->txn, slot_row(c->arena, &d));
    registry_remove(c, destination_arn(c->arena, &d));
    return NULL;
}

err events_describe_api_destination(struct call *c, const struct events_describe_api_destination_request *in, struct events_describe_api_destination_response *out) {
    struct destination d;
    TRY(open(c, in->name, "describe", &d));
    *out = (struct events_describe_api_destination_response){
        .api_destination_arn = destination_arn(c->arena, &d), .name = d.name, .description = d.description, .api_destination_state = state_of(c, &d), .connection_arn = d.connection,
        .invocation_endpoint = d.endpoint, .http_method = d.method, .invocation_rate_limit_per_second = SOME_I32((i32)d.rate), .creation_time = SOME_TIME(d.created_ms),
        .last_modified_time = SOME_TIME(d.modified_ms)};
    return NULL;
}

err events_list_api_destinations(struct call *c, const struct events_list_api_destinations_request *in, struct events_list_api_destinations_response *out) {
    struct destination d;
    str position, key, row, part, prefix = in->name_prefix.p ? in->name_prefix : S(""), all = destination_row(c->arena, c->account, c->region, (str){0});
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->api_destinations.v = NEW_ARRAY(c->arena, struct events_api_destination, max);
    out->api_destinations.set = true;
    struct range r = txn_range(c->txn, destination_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        ASSERT(load(c->txn, c->arena, c->account, c->region, name, &d));
        if (in->connection_arn.p && !str_eq(in->connection_arn, d.connection)) continue;
        if (out->api_destinations.n == max) {
            out->next_token = page_token(c, name);
            break;
        }
        out->api_destinations.v[out->api_destinations.n++] = (struct events_api_destination){
            .api_destination_arn = destination_arn(c->arena, &d), .name = name, .api_destination_state = state_of(c, &d), .connection_arn = d.connection,
            .invocation_endpoint = d.endpoint, .http_method = d.method, .invocation_rate_limit_per_second = SOME_I32((i32)d.rate), .creation_time = SOME_TIME(d.created_ms),
            .last_modified_time = SOME_TIME(d.modified_ms)};
    }
    return NULL;
}
