/* What a connection knows for authorising: taken from requests, sealed, and shown without its secrets. */
#include "connection.h"

#define PURPOSE "events-connection"

static str purpose_of(struct arena *a, const struct connection *k) { return arena_format(a, PURPOSE "/%.*s/%.*s", STR_ARGS(k->region), STR_ARGS(k->uuid)); }

void auth_seal(struct txn *t, struct arena *a, struct connection *k, const struct connection_auth *auth) {
    k->sealed = secret_seal(t, a, k->account, purpose_of(a, k), record_encode(a, &events_connection_auth_record, auth));
}

bool auth_open(struct txn *t, struct arena *a, const struct connection *k, struct connection_auth *auth) {
    str plain;
    *auth = (struct connection_auth){0};
    if (!k->sealed.p) return false;
    ASSERT(secret_open(t, a, k->account, purpose_of(a, k), k->sealed, &plain) && record_decode(a, &events_connection_auth_record, plain, auth)); /* our own row */
    return true;
}

str connection_token(struct txn *t, struct arena *a, const struct connection *k) {
    str plain = {0};
    if (k->token.p) ASSERT(secret_open(t, a, k->account, purpose_of(a, k), k->token, &plain));
    return plain;
}

void connection_token_keep(struct txn *t, struct arena *a, struct connection *k, str token) { k->token = secret_seal(t, a, k->account, purpose_of(a, k), token); }

/* ---- parameters of requests: headers, query strings, bodies ---- */

#define ADD_ALL(list, where)                                                                                                           \
    for (u32 i = 0; i < in->list.n; i++)                                                                                               \
        out.v[out.n++] = (struct parameter){.place = S(where), .key = in->list.v[i].key, .value = in->list.v[i].value.p ? in->list.v[i].value : S(""), \
                                            .secret = in->list.v[i].is_value_secret.v}

static struct parameters take_parameters(struct call *c, const struct events_connection_http_parameters *in) {
    struct parameters out = {.v = NEW_ARRAY(c->arena, struct parameter, in->header_parameters.n + in->query_string_parameters.n + in->body_parameters.n + 1), .set = true};
    ADD_ALL(header_parameters, "header");
    ADD_ALL(query_string_parameters, "query");
    ADD_ALL(body_parameters, "body");
    return out;
}

#define SHOW_ALL(list, type, where)                                                                                                    \
    do {                                                                                                                               \
        out->list.v = NEW_ARRAY(c->arena, struct type, in->n + 1);                                                                     \
        for (u32 i = 0; i < in->n; i++)                                                                                                \
            if (str_eq(in->v[i].place, S(where)))                                                                                      \
                out->list.v[out->list.n++] = (struct type){.key = in->v[i].key, .value = in->v[i].secret ? (str){0} : in->v[i].value,  \
                                                           .is_value_secret = SOME_BOOL(in->v[i].secret)};                             \
        out->list.set = out->list.n > 0;                                                                                               \
    } while (0)

static struct events_connection_http_parameters *show_parameters(struct call *c, const struct parameters *in) {
    struct events_connection_http_parameters *out = NEW(c->arena, struct events_connection_http_parameters);
    SHOW_ALL(header_parameters, events_connection_header_parameter, "header");
    SHOW_ALL(query_string_parameters, events_connection_query_string_parameter, "query");
    SHOW_ALL(body_parameters, events_connection_body_parameter, "body");
    return out;
}

/* ---- taken ---- */

static void replace(str *old, str new_) {
    if (new_.p) *old = new_;
}

static void take_oauth(struct call *c, const struct events_update_connection_oauth_request_parameters *in, struct connection_auth *auth) {
    if (in->client_parameters) {
        replace(&auth->client_id, in->client_parameters->client_id);
        replace(&auth->client_secret, in->client_parameters->client_secret);
    }
    replace(&auth->endpoint, in->authorization_endpoint);
    replace(&auth->method, in->http_method);
    if (!in->oauth_http_parameters) return;
    auth->oauth = take_parameters(c, in->oauth_http_parameters);
    auth->has_oauth_http = true;
}

err auth_take(struct call *c, const struct events_update_connection_auth_request_parameters *in, str type, struct connection_auth *auth) {
    if (in && in->connectivity_parameters) return fail(c, &cloud_not_implemented, "brume does not have connections to private endpoints (yet).");
    if (in && in->basic_auth_parameters) {
        replace(&auth->user, in->basic_auth_parameters->username);
        replace(&auth->password, in->basic_auth_parameters->password);
    }
    if (in && in->api_key_auth_parameters) {
        replace(&auth->key_name, in->api_key_auth_parameters->api_key_name);
        replace(&auth->key_value, in->api_key_auth_parameters->api_key_value);
    }
    if (in && in->oauth_parameters) take_oauth(c, in->oauth_parameters, auth);
    if (in && in->invocation_http_parameters) {
        auth->invocation = take_parameters(c, in->invocation_http_parameters);
        auth->has_invocation = true;
    }
    bool whole = str_eq(type, S("BASIC")) ? auth->user.p && auth->password.p : str_eq(type, S("API_KEY")) ? auth->key_name.p && auth->key_value.p
                                                                            : auth->client_id.p && auth->client_secret.p && auth->endpoint.p && auth->method.p;
    if (whole) return NULL;
    return fail(c, &cloud_validation, "Parameter(s) AuthParameters.%s must be specified.",
                str_eq(type, S("BASIC")) ? "BasicAuthParameters" : str_eq(type, S("API_KEY")) ? "ApiKeyAuthParameters" : "OAuthParameters");
}

/* ---- shown ---- */

struct events_connection_auth_response_parameters *auth_shown(struct call *c, str type, const struct connection_auth *auth) {
    struct events_connection_auth_response_parameters *out = NEW(c->arena, struct events_connection_auth_response_parameters);
    if (auth->has_invocation) out->invocation_http_parameters = show_parameters(c, &auth->invocation);
    if (str_eq(type, S("BASIC"))) {
        out->basic_auth_parameters = NEW(c->arena, struct events_connection_basic_auth_response_parameters);
        out->basic_auth_parameters->username = auth->user;
    } else if (str_eq(type, S("API_KEY"))) {
        out->api_key_auth_parameters = NEW(c->arena, struct events_connection_api_key_auth_response_parameters);
        out->api_key_auth_parameters->api_key_name = auth->key_name;
    } else {
        out->oauth_parameters = NEW(c->arena, struct events_connection_oauth_response_parameters);
        out->oauth_parameters->authorization_endpoint = auth->endpoint;
        out->oauth_parameters->http_method = auth->method;
        out->oauth_parameters->client_parameters = NEW(c->arena, struct events_connection_oauth_client_response_parameters);
        out->oauth_parameters->client_parameters->client_id = auth->client_id;
        if (auth->has_oauth_http) out->oauth_parameters->oauth_http_parameters = show_parameters(c, &auth->oauth);
    }
    return out;
}
