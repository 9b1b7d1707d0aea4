/* Connections: made, changed, listed, ended. */
#include "connection.h"

static err open(struct call *c, str name, const char *what, struct connection *k) {
    if (connection_load(c->txn, c->arena, c->account, c->region, name, k)) return NULL;
    return fail(c, &events_resource_not_found_exception, "Failed to %s the connection(s). Connection '%.*s' does not exist.", what, STR_ARGS(name));
}

static struct opt_time time_of(i64 ms) { return ms ? SOME_TIME(ms) : (struct opt_time){0}; }

/* OAuth asks for a token first; the others are known to be in order. */
static void set_state(struct call *c, struct connection *k) {
    bool oauth = str_eq(k->type, S("OAUTH_CLIENT_CREDENTIALS"));
    k->state = oauth ? S("AUTHORIZING") : S("AUTHORIZED");
    k->reason = k->token = (str){0};
    k->modified_ms = k->authorized_ms = c->now_ms;
    connection_save(c->txn, c->arena, k);
    if (oauth) authorize(c->txn, c->arena, k);
}

static err absent_parts(struct call *c, const void *connectivity, str kms_key) {
    if (connectivity) return fail(c, &cloud_not_implemented, "brume does not have connections to private endpoints (yet).");
    return kms_key.n ? fail(c, &cloud_not_implemented, "brume does not have connections under a KMS key of one's own (yet).") : NULL;
}

/* The two shapes have the same members; those of an update may be absent. */
static struct events_update_connection_auth_request_parameters *as_update(struct call *c, const struct events_create_connection_auth_request_parameters *in) {
    struct events_update_connection_auth_request_parameters *out = NEW(c->arena, struct events_update_connection_auth_request_parameters);
    out->invocation_http_parameters = in->invocation_http_parameters;
    out->connectivity_parameters = in->connectivity_parameters;
    if (in->basic_auth_parameters) {
        out->basic_auth_parameters = NEW(c->arena, struct events_update_connection_basic_auth_request_parameters);
        *out->basic_auth_parameters = (struct events_update_connection_basic_auth_request_parameters){in->basic_auth_parameters->username, in->basic_auth_parameters->password};
    }
    if (in->api_key_auth_parameters) {
        out->api_key_auth_parameters = NEW(c->arena, struct events_update_connection_api_key_auth_request_parameters);
        *out->api_key_auth_parameters = (struct events_update_connection_api_key_auth_request_parameters){in->api_key_auth_parameters->api_key_name, in->api_key_auth_parameters->api_key_value};
    }
    const struct events_create_connection_oauth_request_parameters *oauth = in->oauth_parameters;
    if (!oauth) return out;
    struct events_update_connection_oauth_client_request_parameters *client = NEW(c->arena, struct events_update_connection_oauth_client_request_parameters);
    *client = (struct events_update_connection_oauth_client_request_parameters){oauth->client_parameters->client_id, oauth->client_parameters->client_secret};
    out->oauth_parameters = NEW(c->arena, struct events_update_connection_oauth_request_parameters);
    *out->oauth_parameters = (struct events_update_connection_oauth_request_parameters){.client_parameters = client, .authorization_endpoint = oauth->authorization_endpoint,
                                                                                        .http_method = oauth->http_method, .oauth_http_parameters = oauth->oauth_http_parameters};
    return out;
}

err events_create_connection(struct call *c, const struct events_create_connection_request *in, struct events_create_connection_response *out) {
    struct connection k;
    struct connection_auth auth = {0};
    if (connection_load(c->txn, c->arena, c->account, c->region, in->name, &k))
        return fail(c, &events_resource_already_exists_exception, "Connection %.*s already exists.", STR_ARGS(in->name));
    TRY(absent_parts(c, in->invocation_connectivity_parameters, in->kms_key_identifier));
    TRY(auth_take(c, as_update(c, in->auth_parameters), in->authorization_type, &auth));
    k = (struct connection){.created_ms = c->now_ms, .uuid = id_uuid(c->arena), .description = in->description, .type = in->authorization_type, .account = c->account,
                            .region = c->region, .name = in->name};
    auth_seal(c->txn, c->arena, &k, &auth);
    set_state(c, &k);
    *out = (struct events_create_connection_response){.connection_arn = connection_arn(c->arena, &k), .connection_state = k.state, .creation_time = SOME_TIME(k.created_ms),
                                                      .last_modified_time = SOME_TIME(k.modified_ms)};
    registry_add(c, out->connection_arn, S("AWS::Events::Connection"));
    return NULL;
}

err events_update_connection(struct call *c, const struct events_update_connection_request *in, struct events_update_connection_response *out) {
    struct connection k;
    struct connection_auth auth = {0};
    TRY(open(c, in->name, "update", &k));
    TRY(absent_parts(c, in->invocation_connectivity_parameters, in->kms_key_identifier));
    (void)auth_open(c->txn, c->arena, &k, &auth);
    if (in->authorization_type.p) k.type = in->authorization_type;
    if (in->description.p) k.description = in->description;
    TRY(auth_take(c, in->auth_parameters, k.type, &auth));
    auth_seal(c->txn, c->arena, &k, &auth);
    set_state(c, &k);
    *out = (struct events_update_connection_response){.connection_arn = connection_arn(c->arena, &k), .connection_state = k.state, .creation_time = SOME_TIME(k.created_ms),
                                                      .last_modified_time = SOME_TIME(k.modified_ms), .last_authorized_time = time_of(k.authorized_ms)};
    return NULL;
}

err events_deauthorize_connection(struct call *c, const struct events_deauthorize_connection_request *in, struct events_deauthorize_connection_response *out) {
    struct connection k;
    TRY(open(c, in->name, "deauthorize", &k));
    k.sealed = k.token = (str){0};
    k.state = S("DEAUTHORIZED");
    k.modified_ms = c->now_ms;
    connection_save(c->txn, c->arena, &k);
    *out = (struct events_deauthorize_connection_response){.connection_arn = connection_arn(c->arena, &k), .connection_state = S("DEAUTHORIZING"),
                                                           .creation_time = SOME_TIME(k.created_ms), .last_modified_time = SOME_TIME(k.modified_ms),
                                                           .last_authorized_time = time_of(k.authorized_ms)};
    return NULL;
}

err events_delete_connection(struct call *c, const struct events_delete_connection_request *in, struct events_delete_connection_response *out) {
    struct connection k;
    TRY(open(c, in->name, "delete", &k));
    txn_delete(c->txn, connection_row(c->arena, c->account, c->region, in->name));
    *out = (struct events_delete_connection_response){.connection_arn = connection_arn(c->arena, &k), .connection_state = S("DELETING"), .creation_time = SOME_TIME(k.created_ms),
                                                      .last_modified_time = SOME_TIME(k.modified_ms), .last_authorized_time = time_of(k.authorized_ms)};
    registry_remove(c, out->connection_arn);
    return NULL;
}

err events_describe_connection(struct call *c, const struct events_describe_connection_request *in, struct events_describe_connection_response *out) {
    struct connection k;
    struct connection_auth auth;
    TRY(open(c, in->name, "describe", &k));
    *out = (struct events_describe_connection_response){.connection_arn = connection_arn(c->arena, &k), .name = k.name, .description = k.description, .connection_state = k.state,
                                                        .state_reason = k.reason, .authorization_type = k.type, .creation_time = SOME_TIME(k.created_ms),
                                                        .last_modified_time = SOME_TIME(k.modified_ms), .last_authorized_time = time_of(k.authorized_ms)};
    if (auth_open(c->txn, c->arena, &k, &auth)) out->auth_parameters = auth_shown(c, k.type, &auth);
    return NULL;
}

err events_list_connections(struct call *c, const struct events_list_connections_request *in, struct events_list_connections_response *out) {
    struct connection k;
    str position, key, row, part, prefix = in->name_prefix.p ? in->name_prefix : S(""), all = connection_row(c->arena, c->account, c->region, (str){0});
    u32 max;
    TRY(limits_page(c, in->next_token, in->limit, &position, &max));
    out->connections.v = NEW_ARRAY(c->arena, struct events_connection, max);
    out->connections.set = true;
    struct range r = txn_range(c->txn, connection_row(c->arena, c->account, c->region, position.p ? position : prefix), key_after_prefix(c->arena, all));
    while (range_next(&r, &key, &row)) {
        str name = {0};
        for (str rest = arena_str(c->arena, key); key_read_str(&rest, c->arena, &part);) name = part;
        if (!str_starts(name, prefix)) break;
        ASSERT(connection_load(c->txn, c->arena, c->account, c->region, name, &k));
        if (in->connection_state.p && !str_eq(in->connection_state, k.state)) continue;
        if (out->connections.n == max) {
            out->next_token = page_token(c, name);
            break;
        }
        out->connections.v[out->connections.n++] = (struct events_connection){.connection_arn = connection_arn(c->arena, &k), .name = name, .connection_state = k.state,
                                                                              .state_reason = k.reason, .authorization_type = k.type, .creation_time = SOME_TIME(k.created_ms),
                                                                              .last_modified_time = SOME_TIME(k.modified_ms), .last_authorized_time = time_of(k.authorized_ms)};
    }
    return NULL;
}
