/* Tokens of OAuth's client credentials (RFC 6749, 4.4): asked for when a connection is set, and again when one has
 * passed or was refused. */
#include "connection.h"

#include "text/json.h"
#include "text/tree.h"

enum { TOKEN_MS = 3600000 /* where the server does not say */, EARLY_MS = 60000, TRIES_MAX = 5, AGAIN_MS = 5000 };

static str task_key(struct arena *a, const struct connection *k) { return arena_format(a, "%.*s/%.*s/%.*s", STR_ARGS(k->account), STR_ARGS(k->region), STR_ARGS(k->name)); }

static bool of_task(struct txn *t, struct arena *a, str key, struct connection *k) {
    str name = arena_str(a, key), account = str_cut(&name, '/'), region = str_cut(&name, '/');
    return connection_load(t, a, account, region, name, k);
}

void authorize(struct txn *t, struct arena *a, const struct connection *k) { txn_task_set(t, &(struct task){.kind = S("events-authorize"), .key = task_key(a, k)}); }

/* *result: the token and its seconds, "seconds token"; empty: it was refused, "0 why". */
err authorize_perform(struct arena *a, const struct task *task, str *result) {
    struct connection k;
    struct connection_auth auth = {0};
    struct request r;
    struct http_answer answer;
    str problem;
    struct txn *t = store_snapshot(task->store, a);
    bool there = of_task(t, a, task->key, &k) && auth_open(t, a, &k, &auth);
    store_snapshot_end(t);
    *result = S("0 ");
    if (!there) return NULL;
    request_begin(a, &r, auth.endpoint, auth.method);
    request_parameters(a, &r, &auth.oauth);
    bool get = str_eq(auth.method, S("GET"));
    struct parameter own[] = {{S("body"), S("grant_type"), S("client_credentials"), false}, {S("body"), S("client_id"), auth.client_id, false},
                              {S("body"), S("client_secret"), auth.client_secret, false}};
    bool says_grant = str_find(buf_str(&r.form), S("grant_type=")) != STR_NONE || str_find(buf_str(&r.query), S("grant_type=")) != STR_NONE;
    for (size_t i = says_grant ? 1 : 0; i < LENGTH(own); i++) {
        own[i].place = get ? S("query") : S("body");
        request_parameters(a, &r, &(struct parameters){.v = &own[i], .n = 1});
    }
    request_header(a, &r, S("Content-Type"), S("application/x-www-form-urlencoded"));
    int status = request_send(a, &r, get ? (str){0} : buf_str(&r.form), &answer, &problem);
    const struct json_node *body = status >= 200 && status < 300 ? json_tree(a, answer.body, json_default_limits, NULL, NULL) : NULL;
    const struct json_node *token = json_node_member(body, S("access_token")), *lives = json_node_member(body, S("expires_in"));
    double seconds = lives && lives->type == JSON_NUMBER && lives->number > 0 && lives->number < 1e9 ? lives->number : TOKEN_MS / 1000.0;
    if (token && token->type == JSON_STRING && token->text.n) *result = arena_format(a, "%lld %.*s", (long long)seconds, STR_ARGS(token->text));
    else if (!status) *result = arena_format(a, "0 %.*s", STR_ARGS(problem));
    else *result = arena_format(a, "0 The authorization endpoint answered with status %d and no access token.", status);
    return NULL;
}

err authorize_settle(struct txn *t, const struct task *task, err outcome, str result, i64 now_ms) {
    (void)outcome;
    struct arena *a = txn_arena(t);
    struct connection k;
    i64 seconds = 0, tries = 0;
    str rest = arena_str(a, result), number = str_cut(&rest, ' ');
    ASSERT(str_to_i64(number, &seconds));
    if (!of_task(t, a, task->key, &k) || !k.sealed.p || !str_eq(k.type, S("OAUTH_CLIENT_CREDENTIALS"))) return NULL;
    if (seconds > 0) {
        connection_token_keep(t, a, &k, rest);
        k.token_until_ms = now_ms + MAX(seconds * 1000 - EARLY_MS, 1000);
        k.state = S("AUTHORIZED");
        k.reason = (str){0};
        k.authorized_ms = now_ms;
        connection_save(t, a, &k);
        return NULL;
    }
    (void)str_to_i64(task->payload, &tries);
    if (++tries < TRIES_MAX) {
        txn_task_set(t, &(struct task){.kind = task->kind, .key = task->key, .payload = arena_format(a, "%lld", (long long)tries), .due_ms = now_ms + AGAIN_MS});
        return NULL;
    }
    k.state = S("DEAUTHORIZED");
    k.reason = str_take(rest, 512);
    k.token = (str){0};
    connection_save(t, a, &k);
    return NULL;
}
