/* Which keys a connection may use. */
#include "cloud/keys.h"
#include "probe.h"

struct visit {
    const char *peer, *local, *host, *origin, *site; /* peer and local: "" for another machine */
    const char *access_key;
    enum key_answer want;
};

static enum key_answer look(struct cloud *cloud, const struct visit *v, str *secret, struct principal *who, struct arena *a) {
    struct http_header headers[2];
    size_t n = 0;
    if (v->origin) headers[n++] = (struct http_header){S("Origin"), str_of(v->origin)};
    if (v->site) headers[n++] = (struct http_header){S("Sec-Fetch-Site"), str_of(v->site)};
    struct http_request r = {.method = S("GET"), .path = S("/"), .host = str_of(v->host), .headers = headers, .header_count = n,
                             .peer_loopback = v->peer[0], .local_loopback = v->local[0]};
    struct flight f = {.cloud = cloud, .request = &r, .arena = a, .call = {.cloud = cloud, .arena = a}};
    return key_find(&f, str_of(v->access_key), (str){0}, secret, who);
}

static void builtin_keys_are_for_loopback_and_no_foreign_page(void) {
    static const struct visit visits[] = {
        {"l", "l", "localhost:4566", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "127.0.0.1:4566", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "127.1.2.3", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "[::1]:4566", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "bucket.s3.localhost:4566", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "s3.localhost.localstack.cloud:4566", NULL, NULL, "test", KEY_FOUND},
        {"l", "l", "localhost", NULL, NULL, "123456789012", KEY_FOUND},
        {"l", "l", "localhost", NULL, NULL, "12345678901", KEY_UNKNOWN},
        {"l", "l", "localhost", NULL, NULL, "AKIAIOSFODNN7EXAMPLE", KEY_UNKNOWN},
        {"l", "l", "localhost", NULL, NULL, "ASIAIOSFODNN7EXAMPLE", KEY_UNKNOWN},
        /* another machine, on either end */
        {"", "l", "localhost", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "", "localhost", NULL, NULL, "test", KEY_UNKNOWN},
        /* DNS rebinding: a foreign name that leads here */
        {"l", "l", "evil.example:4566", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "localhost.evil.example", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "evillocalhost", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "127.0.0.1.evil.example", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "evillocalhost.localstack.cloud", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "[::1].evil.example", NULL, NULL, "test", KEY_UNKNOWN},
        {"l", "l", "", NULL, NULL, "test", KEY_UNKNOWN},
        /* web pages */
        {"l", "l", "localhost:4566", "http://localhost:4566", "same-origin", "test", KEY_FOUND},
        {"l", "l", "localhost:4566", NULL, "none", "test", KEY_FOUND},
        {"l", "l", "localhost:4566", "http://localhost:3000", NULL, "test", KEY_UNKNOWN},
        {"l", "l", "localhost:4566", "https://evil.example", NULL, "test", KEY_UNKNOWN},
        {"l", "l", "localhost:4566", "null", NULL, "test", KEY_UNKNOWN},
        {"l", "l", "localhost:4566", NULL, "cross-site", "test", KEY_UNKNOWN},
        {"l", "l", "localhost:4566", NULL, "same-site", "test", KEY_UNKNOWN},
        {"l", "l", "localhost:4566", "http://localhost:4566", "cross-site", "test", KEY_UNKNOWN},
    };
    struct arena a = {0};
    struct cloud cloud = {.config = {.builtin_keys = true}};
    for (size_t i = 0; i < LENGTH(visits); i++) {
        str secret = {0};
        struct principal who = {0};
        const struct visit *v = &visits[i];
        enum key_answer got = look(&cloud, v, &secret, &who, &a);
        if (got != v->want) printf("# row %zu: host %s origin %s site %s\n", i, v->host, v->origin ? v->origin : "-", v->site ? v->site : "-");
        CHECK_INT(got, v->want);
        if (got == KEY_FOUND) CHECK_STR(secret, S("test"));
        if (got == KEY_FOUND) CHECK_STR(who.account, strcmp(v->access_key, "test") ? str_of(v->access_key) : S(MINE));
    }
    arena_free(&a);
}

static void the_stored_root_key_is_for_everywhere(void) {
    struct arena a = {0};
    struct cloud cloud = {.config = {.root_access_key = S("AKIAROOT"), .root_secret = S("s3cret")}};
    str secret = {0};
    struct principal who = {0};
    struct visit far = {"", "", "brume.example", NULL, "cross-site", "AKIAROOT", KEY_FOUND};
    CHECK_INT(look(&cloud, &far, &secret, &who, &a), KEY_FOUND);
    CHECK_STR(secret, S("s3cret"));
    CHECK_INT(who.kind, PRINCIPAL_ROOT);
    CHECK_STR(who.account, S(MINE));
    struct visit near = {"l", "l", "localhost", NULL, NULL, "test", KEY_UNKNOWN}; /* built-in keys switched off */
    CHECK_INT(look(&cloud, &near, &secret, &who, &a), KEY_UNKNOWN);
    arena_free(&a);
}

UNIT_MAIN(UNIT(builtin_keys_are_for_loopback_and_no_foreign_page), UNIT(the_stored_root_key_is_for_everywhere))
