#include "cloud/keys.h"

#include "auth/keys.h"
#include "auth/session.h"

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

enum key_answer key_find(struct flight *f, str access_key, str session_token, str *secret, struct principal *p) {
    if (str_starts(access_key, S("ASIA"))) return session_find(f, access_key, session_token, secret, p);
    const struct cloud_config *config = &f->cloud->config;
    if (config->root_access_key.p && str_eq(access_key, config->root_access_key)) {
        *secret = config->root_secret;
        *p = principal_root(f->arena, S("000000000000"), access_key);
        return KEY_FOUND;
    }
    struct auth_key key;
    if (!builtin_keys_honoured(f) || !auth_builtin_key(access_key, f->arena, &key)) return KEY_UNKNOWN;
    *secret = key.secret;
    *p = key.principal;
    return KEY_FOUND;
}
