/* From a rule to an API destination: an outbox row each. A worker sends it when its turn has come; what came of it
 * decides between done, another attempt by the target's retry policy, and the dead-letter queue. */
#include "connection.h"

#include "cloud/template.h"

enum { BACKOFF_MAX_S = 480 };

/* ---- turns: a destination's calls are as far apart as its rate says ---- */

str slot_row(struct arena *a, const struct destination *d) {
    struct key k = events_key(a, d->account, d->region, S("api-destination-turn"));
    key_str(&k, d->uuid);
    return key_bytes(&k);
}

static i64 next_turn(struct txn *t, struct arena *a, const struct destination *d, i64 now_ms) {
    str row = slot_row(a, d), value;
    i64 at_us = now_ms * 1000, free_us;
    if (txn_get(t, row, &value) && str_to_i64(value, &free_us)) at_us = MAX(at_us, free_us);
    txn_put(t, row, arena_format(a, "%lld", (long long)(at_us + 1000000 / MAX(d->rate, 1))));
    return at_us / 1000;
}

static void set_push(struct txn *t, struct arena *a, const struct push *p, str key, i64 due_ms) {
    txn_task_set(t, &(struct task){.kind = S("events-push"), .key = key, .payload = record_encode(a, &events_push_record, p), .due_ms = due_ms});
}

/* ---- from a rule ---- */

static str filled(struct arena *a, const struct event *e, str value) {
    if (!str_starts(value, S("$."))) return value;
    const struct json_node *n = json_path(e->tree, value);
    if (!n) return S("");
    return n->type == JSON_STRING ? n->text : json_node_raw(n, e->json);
}

static struct record_pairs filled_pairs(struct arena *a, const struct event *e, const struct record_pairs *in) {
    struct record_pairs out = {.v = NEW_ARRAY(a, struct record_pair, in->n + 1), .n = in->n, .set = in->n > 0};
    for (u32 i = 0; i < in->n; i++) out.v[i] = (struct record_pair){in->v[i].key, filled(a, e, in->v[i].value)};
    return out;
}

err destination_begin(struct call *c, const struct rule *rule, const struct target *target, const struct event *e, str input) {
    struct destination d;
    struct call as = *c;
    as.outer = c;
    as.flight = NULL;
    as.source_arn = rule_arn(c->arena, rule);
    err refused = target->role.p ? call_take_role(&as, target->role) : NULL;
    if (!refused && target->role.p && !may(&as, S("events:InvokeApiDestination"), target->arn)) refused = deny(&as, S("events:InvokeApiDestination"), target->arn);
    if (refused) return fail(c, refused, "%.*s", STR_ARGS(as.error_message));
    if (!destination_of_arn(c->txn, c->arena, target->arn, &d)) return fail(c, &events_resource_not_found_exception, "The api-destination %.*s does not exist.", STR_ARGS(target->arn));
    struct push p = {.account = rule->account, .region = rule->region, .rule_arn = as.source_arn, .rule = rule->name, .target = target->arn, .event = e->json, .body = input,
                     .dead_letter_arn = target->dead_letter_arn, .first_ms = c->now_ms, .attempts_max = target->has_retry ? target->retry_attempts : 185,
                     .age_max_s = target->has_retry ? target->retry_age_s : 86400, .path_values = filled_pairs(c->arena, e, &target->path_values),
                     .headers = filled_pairs(c->arena, e, &target->http_headers), .query = filled_pairs(c->arena, e, &target->http_query)};
    str key = arena_format(c->arena, "%.*s %.*s %.*s", STR_ARGS(e->id), STR_ARGS(p.rule_arn), STR_ARGS(target->id));
    set_push(c->txn, c->arena, &p, key, next_turn(c->txn, c->arena, &d, c->now_ms));
    return NULL;
}

/* ---- sending ---- */

/* Each * of the endpoint is a value, in order. */
static str endpoint_of(struct arena *a, const struct destination *d, const struct push *p) {
    struct buf b = buf_new(a, 64 << 10);
    u32 used = 0;
    for (size_t i = 0; i < d->endpoint.n; i++) {
        if (d->endpoint.p[i] == '*' && used < p->path_values.n) buf_percent(&b, p->path_values.v[used++].value, false);
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
static str body_of(struct arena *a, const struct push *p, str members) {
    const struct json_node *n = members.n ? json_tree(a, p->body, json_default_limits, NULL, NULL) : NULL;
    if (!n || n->type != JSON_OBJECT) return p->body;
    str raw = json_node_raw(n, p->body);
    return arena_format(a, "%.*s%s%.*s}", STR_ARGS(str_take(raw, raw.n - 1)), n->first ? "," : "", STR_ARGS(members));
}

/* *result: "status why"; status 0: nobody answered, -1: there is no token, -2: no destination, connection or secret. */
err destination_perform(struct arena *a, const struct task *task, str *result) {
    struct push p = {0};
    struct destination d;
    struct connection k = {0};
    struct connection_auth auth = {0};
    struct request r;
    struct http_answer answer;
    str problem, token = {0};
    ASSERT(record_decode(a, &events_push_record, task->payload, &p));
    struct txn *t = store_snapshot(task->store, a);
    bool there = destination_of_arn(t, a, p.target, &d) && connection_of_arn(t, a, d.connection, &k) && auth_open(t, a, &k, &auth);
    bool oauth = there && str_eq(k.type, S("OAUTH_CLIENT_CREDENTIALS"));
    if (oauth && k.token_until_ms > store_now_ms(task->store)) token = connection_token(t, a, &k);
    store_snapshot_end(t);
    *result = there ? S("-1 There is no access token.") : S("-2 The destination, its connection or its secrets are gone.");
    if (!there || (oauth && !token.p)) return NULL;
    request_begin(a, &r, endpoint_of(a, &d, &p), d.method);
    request_header(a, &r, S("Content-Type"), S("application/json; charset=utf-8"));
    request_header(a, &r, S("User-Agent"), S("Amazon/EventBridge/ApiDestinations"));
    for (u32 i = 0; i < p.headers.n; i++) request_header(a, &r, p.headers.v[i].key, p.headers.v[i].value);
    for (u32 i = 0; i < p.query.n; i++) request_query(&r, p.query.v[i].key, p.query.v[i].value);
    request_parameters(a, &r, &auth.invocation); /* what a connection says wins over what a rule says */
    identify(a, &r, &k, &auth, token);
    bool bare = str_eq(d.method, S("GET")) || str_eq(d.method, S("HEAD"));
    int status = request_send(a, &r, bare ? (str){0} : body_of(a, &p, r.body_members), &answer, &problem);
    *result = status ? arena_format(a, "%d The endpoint answered with status %d.", status, status) : arena_format(a, "0 %.*s", STR_ARGS(problem));
    return NULL;
}

/* As AWS documents it: what was refused for good stays so. */
static bool worth_another(i64 status) {
    if (status == -1 || status == 0) return true;
    return status == 401 || status == 407 || status == 409 || status == 429 || status >= 500;
}

static const char *error_code(i64 status) {
    if (status == -2) return "NO_RESOURCE";
    if (status == -1 || status == 401 || status == 403 || status == 407) return "NO_PERMISSIONS";
    return status <= 0 ? "CONNECTION_FAILURE" : status >= 500 || status == 429 ? "THROTTLING_OR_SERVER_ERROR" : "SDK_CLIENT_ERROR";
}

err destination_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    struct arena *a = txn_arena(t);
    struct push p = {0};
    struct destination d;
    struct connection k;
    i64 status = 0;
    str why = arena_str(a, result), number = str_cut(&why, ' ');
    ASSERT(record_decode(a, &events_push_record, arena_str(a, task->payload), &p) && str_to_i64(number, &status));
    if (status >= 200 && status < 300) return NULL;
    struct call *c = call_for_task(t, &events_service, p.account, p.region, now_ms);
    bool there = destination_of_arn(t, a, p.target, &d) && connection_of_arn(t, a, d.connection, &k);
    if (there && (status == -1 || status == 401 || status == 407) && str_eq(k.type, S("OAUTH_CLIENT_CREDENTIALS"))) authorize(t, a, &k);
    i64 again_ms = now_ms + MIN(1ll << MIN(p.attempts, 20), BACKOFF_MAX_S) * 1000;
    const char *condition = p.attempts >= p.attempts_max ? "MaximumRetryAttempts" : again_ms > p.first_ms + p.age_max_s * 1000 ? "MaximumEventAgeInSeconds" : NULL;
    if (there && worth_another(status) && !condition) {
        p.attempts++;
        count_metric(c, S("RetryInvocationAttempts"), S("RuleName"), p.rule, 1, S("Count"));
        set_push(t, a, &p, task->key, next_turn(t, a, &d, again_ms));
        return NULL;
    }
    count_metric(c, S("FailedInvocations"), S("RuleName"), p.rule, 1, S("Count"));
    if (!p.dead_letter_arn.p) return NULL;
    dead_letter_send(c, p.dead_letter_arn, &(struct dead_letter){.rule_arn = p.rule_arn, .rule = p.rule, .target_arn = p.target, .body = p.event, .code = str_of(error_code(status)),
                                                                 .message = why, .condition = worth_another(status) ? condition : NULL, .attempts = p.attempts});
    return NULL;
}
