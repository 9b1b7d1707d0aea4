#include "cloud/keys.h"

#include "auth/keys.h"
#include "auth/session.h"
#include "cloud/gate.h"
#include "sys/sys.h"

/* Without the port. What stands behind a bracket is no port of ours: it stays, and fits no name. */
static str host_name(str host) {
    size_t colon = str_rfind_char(host, ':');
    if (colon == STR_NONE || str_ends(host, S("]"))) return host;
    return str_take(host, colon);
}

/* 127.x.y.z in digits: any name may begin with "127." and lead here by its owner's DNS. */
static bool loopback_address(str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9')) return false;
    return str_starts(name, S("127.")) && !str_ends(name, S("."));
}

static bool loopback_name(str host) {
    str name = host_name(host);
    return str_eq_nocase(name, S("localhost")) || loopback_address(name) || str_eq(name, S("[::1]")) || str_ends(name, S(".localhost"))
           || str_eq(name, S("localhost.localstack.cloud")) || str_ends(name, S(".localhost.localstack.cloud"));
}

/* Does a web page of another site speak through the user's browser? */
static bool foreign_page(const struct http_request *r) {
    str site = http_header_get(r, S("sec-fetch-site"));
    if (site.p && !str_eq(site, S("same-origin")) && !str_eq(site, S("none"))) return true;
    str origin = http_header_get(r, S("origin"));
    if (!origin.p) return false;
    size_t at = str_find(origin, S("://"));
    return at == STR_NONE /* "null" among them */ || !str_eq_nocase(str_skip(origin, at + 3), r->host);
}

static bool builtin_keys_honoured(const struct flight *f) {
    const struct http_request *r = f->request;
    return f->cloud->config.builtin_keys && r->peer_loopback && r->local_loopback && loopback_name(r->host)
           && !foreign_page(r);
}

static enum key_answer session_find(struct flight *f, str access_key, str token, str *secret, struct principal *p) {
    struct session session;
    if (!token.n) return KEY_UNKNOWN;
    if (!session_open(f->cache->sealer, token, access_key, f->arena, &session)) return KEY_TOKEN_INVALID;
    if (session.principal.session_expires_ms <= store_now_ms(f->cloud->store)) return KEY_TOKEN_EXPIRED;
    *secret = session.secret;
    *p = session.principal;
    return KEY_FOUND;
}

/* Of users and roots, as IAM keeps them; one that is switched off is none. */
static enum key_answer lasting_find(struct flight *f, str access_key, str *secret, struct principal *p) {
    const struct identity_door *door = f->cloud->config.identity;
    if (!door || !door->key) return KEY_UNKNOWN;
    struct gate_view view = gate_view_open(&f->call);
    const struct identity_key *key = gate_key_of(&view, access_key);
    bool found = key && key->active;
    if (found) {
        *secret = arena_str(f->arena, key->secret);
        *p = key->principal;
        p->account = arena_str(f->arena, p->account);
        p->arn = arena_str(f->arena, p->arn);
        p->user_id = arena_str(f->arena, p->user_id);
        p->access_key = arena_str(f->arena, access_key);
    }
    gate_view_close(&view);
    gate_txn_end(&f->call);
    return found ? KEY_FOUND : KEY_UNKNOWN;
}

bool key_still_active(struct flight *f) {
    str secret;
    struct principal p;
    if (!f->lasting_key) return true; /* of sessions the expiry counts, and that their role or user exists */
    return lasting_find(f, f->claim.access_key, &secret, &p) == KEY_FOUND && str_eq(p.arn, f->principal.arn);
}

/* ---- last used ---- */

struct key_use {
    struct worker_job job;
    struct arena arena;
    struct cloud *cloud;
    struct principal principal; /* who, as far as the door needs it */
    str region, service, action;
    i64 at_ms;
};

static err mark_in_writer(void *context, struct txn *t) {
    struct key_use *u = context;
    u->cloud->config.identity->key_used(t, txn_arena(t), &u->principal, u->region, u->service, u->action, u->at_ms);
    return NULL;
}

static void mark_on_worker(struct worker_job *job) {
    struct key_use *u = (struct key_use *)((char *)job - offsetof(struct key_use, job));
    struct arena arena = u->arena, scratch = {0};
    if (store_write(u->cloud->store, &scratch, mark_in_writer, u)) log_line(LOG_WARN, "key_used", "problem=not written");
    arena_free(&scratch);
    arena_free(&arena);
}

void key_mark_used(struct flight *f) {
    const struct identity_door *door = f->cloud->config.identity;
    const struct principal *p = &f->principal;
    bool known = f->lasting_key || p->kind == PRINCIPAL_USER || p->kind == PRINCIPAL_ROLE_SESSION;
    if (!known || !door->key_used) return;
    i64 now = store_now_ms(f->cloud->store);
    str service = wire_text(f->service->wire, f->service->wire->signing_name);
    str who = p->kind == PRINCIPAL_ROLE_SESSION ? p->session_issuer : f->claim.access_key;
    str action = f->op->iam_count ? wire_text(f->service->wire, f->service->wire->iam[f->op->iam].action) : S("");
    if (!gate_key_mark(f->cloud->gate, arena_concat(f->arena, who, action.n ? action : service), now)) return;
    struct arena arena = {0};
    struct key_use *u = NEW(&arena, struct key_use);
    *u = (struct key_use){.job = {.run = mark_on_worker}, .cloud = f->cloud, .at_ms = now};
    u->principal = (struct principal){.kind = p->kind, .account = arena_str(&arena, p->account), .user_id = arena_str(&arena, p->user_id),
                                      .access_key = arena_str(&arena, f->claim.access_key)};
    u->region = arena_str(&arena, f->call.region);
    u->service = arena_str(&arena, service);
    u->action = arena_str(&arena, action);
    u->arena = arena;
    store_worker_submit(f->cloud->store, &u->job);
}

enum key_answer key_find(struct flight *f, str access_key, str session_token, str *secret, struct principal *p) {
    if (str_starts(access_key, S("ASIA"))) return session_find(f, access_key, session_token, secret, p);
    const struct cloud_config *config = &f->cloud->config;
    if (config->root_access_key.p && str_eq(access_key, config->root_access_key)) {
        *secret = config->root_secret;
        *p = principal_root(f->arena, S("000000000000"), access_key);
        return KEY_FOUND;
    }
    if (str_starts(access_key, S("AKIA")) && lasting_find(f, access_key, secret, p) == KEY_FOUND) {
        f->lasting_key = true;
        return KEY_FOUND;
    }
    struct auth_key key;
    if (!builtin_keys_honoured(f) || !auth_builtin_key(access_key, f->arena, &key)) return KEY_UNKNOWN;
    *secret = key.secret;
    *p = key.principal;
    return KEY_FOUND;
}
