/* A partner's webhook: what is posted becomes an event of the partner's source. Two ways to sign with HMAC-SHA256 and
 * the webhook's secret are known, both in wide use:
 *   X-Hub-Signature-256: sha256=<hex of the body>          as GitHub; the type of event in X-GitHub-Event
 *   Stripe-Signature: t=<seconds>,v1=<hex of "t.body">     as Stripe; within 5 minutes; the type is the body's "type" */
#include "events.h"

#include "cloud/webhook.h"
#include "crypto/crypto.h"
#include "text/tree.h"

enum { TOLERANCE_S = 300 };

static str secret_row(struct arena *a, const struct webhook *w) {
    struct key k = events_key(a, w->account, w->region, S("webhook"));
    key_str(&k, w->name);
    return key_bytes(&k);
}

static str purpose(struct arena *a, const struct webhook *w) { return arena_format(a, "webhook %.*s %.*s", STR_ARGS(w->region), STR_ARGS(w->name)); }

static bool secret_of(struct txn *t, struct arena *a, const struct webhook *w, str *secret) {
    str sealed;
    return txn_get(t, secret_row(a, w), &sealed) && secret_open(t, a, w->account, purpose(a, w), sealed, secret);
}

static bool secret_give(struct txn *t, const struct webhook *w, str wish, str *secret) {
    struct arena *a = txn_arena(t);
    if (!partner_has_source(t, a, w->account, w->region, w->name)) return false;
    if (!wish.n && secret_of(t, a, w, secret)) return true;
    *secret = wish.n ? wish : id_hex(a, 40);
    txn_put(t, secret_row(a, w), secret_seal(t, a, w->account, purpose(a, w), *secret));
    return true;
}

static bool is_of(struct arena *a, str secret, str text, str hex) {
    u8 digest[32];
    hmac_sha256(secret, text, digest);
    return str_eq_constant_time(hex_of(a, (str){(char *)digest, sizeof digest}), hex);
}

static bool is_signed(struct arena *a, const struct webhook *w, str secret) {
    str plain = w->header(w->request, S("x-hub-signature-256")), timed = w->header(w->request, S("stripe-signature")), at = {0};
    if (str_starts(plain, S("sha256="))) return is_of(a, secret, w->body, str_skip(plain, sizeof "sha256=" - 1));
    for (str rest = timed; rest.p;) { /* t= comes first; of several v1 (a secret that is being changed) one is enough */
        str item = str_trim(str_cut(&rest, ',')), name = str_cut(&item, '=');
        i64 seconds;
        if (str_eq(name, S("t")) && str_to_i64(item, &seconds) && seconds > wall_now_ms() / 1000 - TOLERANCE_S && seconds < wall_now_ms() / 1000 + TOLERANCE_S) at = item;
        if (str_eq(name, S("v1")) && at.p && is_of(a, secret, arena_format(a, "%.*s.%.*s", STR_ARGS(at), STR_ARGS(w->body)), item)) return true;
    }
    return false;
}

static str type_of(const struct webhook *w, const struct json_node *body) {
    str type = w->header(w->request, S("x-github-event"));
    const struct json_node *said = json_node_member(body, S("type"));
    if (type.n) return type;
    return said && said->type == JSON_STRING && said->text.n ? said->text : S("Webhook");
}

static int take(struct txn *t, const struct webhook *w, i64 now_ms) {
    struct arena *a = txn_arena(t);
    str secret;
    if (!partner_has_source(t, a, w->account, w->region, w->name) || !secret_of(t, a, w, &secret)) return 404;
    if (!is_signed(a, w, secret)) return 403;
    const struct json_node *body = w->body.n <= ENTRY_MAX ? json_tree(a, w->body, (struct json_limits){.bytes = ENTRY_MAX, .depth = 100}, NULL, NULL) : NULL;
    if (!body || body->type != JSON_OBJECT) return 400;
    if (!txn_writable(t)) return 0;
    struct call *c = call_for_task(t, &events_service, w->account, w->region, now_ms);
    struct event e = {.id = id_uuid(c->arena), .source = w->name, .detail_type = type_of(w, body), .detail = json_node_raw(body, w->body), .account = w->account, .region = w->region,
                      .time_ms = now_ms};
    partner_event_route(c, w->account, &e);
    return 200;
}

const struct webhook_door events_webhooks = {.take = take, .secret = secret_give};
