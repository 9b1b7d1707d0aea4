/* One call of an API destination: its turn, the request, what came back. For rules (push.c), and for other rooms, who get
 * the answer as a task (cloud/destination.h). */
#include "connection.h"

#include "text/json.h"
#include "text/tree.h"

enum { RENEWALS_MAX = 2, RENEWAL_MS = 1000 };

/* Each * of the endpoint is a value, in order. */
static str endpoint_of(struct arena *a, const struct destination *d, const struct destination_call *call) {
    struct buf b = buf_new(a, 64 << 10);
    u32 used = 0;
    for (size_t i = 0; i < d->endpoint.n; i++) {
        if (d->endpoint.p[i] == '*' && used < call->path_values.n) buf_percent(&b, call->path_values.v[used++].value, false);
        else buf_char(&b, d->endpoint.p[i]);
    }
    return buf_str(&b);
}

static void identify(struct arena *a, struct request *r, const struct connection *k, const struct connection_auth *auth, str token) {
    if (str_eq(k->type, S("API_KEY"))) request_header(a, r, auth->key_name, auth->key_value);
    else if (str_eq(k->type, S("BASIC")))
        request_header(a, r, S("Authorization"), arena_concat(a, S("Basic "), base64_of(a, arena_format(a, "%.*s:%.*s", STR_ARGS(auth->user), STR_ARGS(auth->password)))));
    else request_header(a, r, S("Authorization"), arena_concat(a, S("Bearer "), token));
}

/* The connection's body parameters are members of a body that is an object. */
static str body_of(struct arena *a, const struct destination_call *call, str members) {
    const struct json_node *n = members.n ? json_tree(a, call->body, json_default_limits, NULL, NULL) : NULL;
    if (!n || n->type != JSON_OBJECT) return call->body;
    str raw = json_node_raw(n, call->body);
    return arena_format(a, "%.*s%s%.*s}", STR_ARGS(str_take(raw, raw.n - 1)), n->first ? "," : "", STR_ARGS(members));
}

static str say(struct arena *a, i64 status, str why, str body) {
    return record_encode(a, &destination_answer_record, &(struct destination_answer){.status = status, .why = why, .body = body});
}

str destination_send(struct arena *a, struct store *store, const struct destination_call *call) {
    struct destination d;
    struct connection k = {0};
    struct connection_auth auth = {0};
    struct request r;
    struct http_answer answer;
    str problem, token = {0};
    struct txn *t = store_snapshot(store, a);
    bool there = destination_of_arn(t, a, call->destination, &d) && connection_of_arn(t, a, d.connection, &k) && auth_open(t, a, &k, &auth);
    bool oauth = there && str_eq(k.type, S("OAUTH_CLIENT_CREDENTIALS"));
    if (oauth && k.token_until_ms > store_now_ms(store)) token = connection_token(t, a, &k);
    store_snapshot_end(t);
    if (!there) return say(a, DESTINATION_GONE, S("The destination, its connection or its secrets are gone."), (str){0});
    if (oauth && !token.p) return say(a, DESTINATION_NO_TOKEN, S("There is no access token."), (str){0});
    request_begin(a, &r, endpoint_of(a, &d, call), d.method);
    request_header(a, &r, S("Content-Type"), S("application/json; charset=utf-8"));
    request_header(a, &r, S("User-Agent"), S("Amazon/EventBridge/ApiDestinations"));
    for (u32 i = 0; i < call->headers.n; i++) request_header(a, &r, call->headers.v[i].key, call->headers.v[i].value);
    for (u32 i = 0; i < call->query.n; i++) request_query(&r, call->query.v[i].key, call->query.v[i].value);
    request_parameters(a, &r, &auth.invocation); /* what a connection says wins over what a rule says */
    identify(a, &r, &k, &auth, token);
    bool bare = str_eq(d.method, S("GET")) || str_eq(d.method, S("HEAD"));
    int status = request_send(a, &r, bare ? (str){0} : body_of(a, call, r.body_members), &answer, &problem);
    if (!status) return say(a, DESTINATION_NO_ANSWER, problem, (str){0});
    return say(a, status, status / 100 == 2 ? (str){0} : arena_format(a, "The endpoint answered with status %d.", status), answer.body);
}

/* A token that is missing or was refused is asked for anew. */
bool destination_renew(struct txn *t, struct arena *a, const struct destination *d, i64 status) {
    struct connection k;
    bool refused = status == DESTINATION_NO_TOKEN || status == 401 || status == 407;
    bool renews = refused && connection_of_arn(t, a, d->connection, &k) && str_eq(k.type, S("OAUTH_CLIENT_CREDENTIALS"));
    if (renews) authorize(t, a, &k);
    return renews;
}

/* ---- for other rooms ---- */

static void set_call(struct txn *t, struct arena *a, const struct destination_call *call, str key, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("events-invoke-send"), .key = key, .payload = record_encode(a, &destination_call_record, call), .due_ms = due_ms});
}

static void give_answer(struct txn *t, const struct destination_call *call, str answer) {
    txn_task_set(t, &(struct task){.kind = call->answer_kind, .key = call->answer_key, .payload = answer});
}

static struct destination_call call_of(struct arena *a, const struct task *task) {
    struct destination_call call = {0};
    ASSERT(record_decode(a, &destination_call_record, arena_str(a, task->payload), &call));
    return call;
}

err invoke_begin(struct txn *t, const struct task *task, i64 now_ms) {
    struct arena *a = txn_arena(t);
    struct destination_call call = call_of(a, task);
    struct destination d;
    if (destination_of_arn(t, a, call.destination, &d)) set_call(t, a, &call, arena_str(a, task->key), destination_turn(t, a, &d, now_ms));
    else give_answer(t, &call, say(a, DESTINATION_GONE, S("The API destination does not exist."), (str){0}));
    return NULL;
}

err invoke_perform(struct arena *a, const struct task *task, str *result) {
    struct destination_call call = call_of(a, task);
    *result = destination_send(a, task->store, &call);
    return NULL;
}

err invoke_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    struct arena *a = txn_arena(t);
    struct destination d;
    struct destination_call call = call_of(a, task);
    struct destination_answer answer = {0};
    str kept = arena_str(a, result);
    ASSERT(record_decode(a, &destination_answer_record, kept, &answer));
    if (call.attempts < RENEWALS_MAX && destination_of_arn(t, a, call.destination, &d) && destination_renew(t, a, &d, answer.status)) {
        call.attempts++;
        set_call(t, a, &call, arena_str(a, task->key), destination_turn(t, a, &d, now_ms + RENEWAL_MS));
        return NULL;
    }
    give_answer(t, &call, kept);
    return NULL;
}
