/* Connections: how API destinations are authorised. Private to the room. */
#ifndef BRUME_EVENTS_CONNECTION_H
#define BRUME_EVENTS_CONNECTION_H

#include "http/client.h"

#include "events.h"

/* ---- rows.c ---- */
str connection_row(struct arena *a, str account, str region, str name);
str connection_arn(struct arena *a, const struct connection *k);
bool connection_load(struct txn *t, struct arena *a, str account, str region, str name, struct connection *k);
void connection_save(struct txn *t, struct arena *a, const struct connection *k);
bool connection_of_arn(struct txn *t, struct arena *a, str arn, struct connection *k);
bool connection_ready(const struct connection *k);

/* ---- connection_auth.c: secrets, sealed in the connection's row ---- */
void auth_seal(struct txn *t, struct arena *a, struct connection *k, const struct connection_auth *auth);
bool auth_open(struct txn *t, struct arena *a, const struct connection *k, struct connection_auth *auth); /* false: deauthorised */
/* What a request says, over what is there. ValidationException: a part is missing. */
MUST_USE err auth_take(struct call *c, const struct events_update_connection_auth_request_parameters *in, str type, struct connection_auth *auth);
struct events_connection_auth_response_parameters *auth_shown(struct call *c, str type, const struct connection_auth *auth);

/* ---- authorize.c: tokens of OAuth ---- */
void authorize(struct txn *t, struct arena *a, const struct connection *k);
err authorize_perform(struct arena *a, const struct task *task, str *result);
err authorize_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms);
str connection_token(struct txn *t, struct arena *a, const struct connection *k); /* absent: none */
void connection_token_keep(struct txn *t, struct arena *a, struct connection *k, str token);

/* ---- http.c: requests to others ---- */
enum { HTTP_TIMEOUT_MS = 5000 /* AWS's own limit */, HTTP_HEADERS_MAX = 128 };
struct request {
    str url, method;
    struct http_header *headers;
    u32 header_count;
    struct buf query, form; /* of parameters; form: a=b&c=d */
    str body_members;       /* JSON members that the connection adds to a body */
};
void request_begin(struct arena *a, struct request *r, str url, str method);
void request_header(struct arena *a, struct request *r, str name, str value);
void request_query(struct request *r, str name, str value);
void request_parameters(struct arena *a, struct request *r, const struct parameters *list);
/* The status; 0: nobody answered, and *problem says why. */
int request_send(struct arena *a, struct request *r, str body, struct http_answer *answer, str *problem);

#endif
