#include "auth/sigv4.h"

#include "auth/canonical.h"
#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdlib.h>

/* ---- stages ---- */

str sigv4_string_to_sign(const struct auth_claim *c, str canonical_request, struct arena *a) {
    u8 digest[32];
    char hex[64];
    sha256(canonical_request, digest);
    hex_encode((str){(const char *)digest, 32}, hex);
    struct buf b = buf_new(a, CANONICAL_MAX);
    buf_add(&b, c->form == AUTH_V4A ? S("AWS4-ECDSA-P256-SHA256\n") : S("AWS4-HMAC-SHA256\n"));
    buf_amz_date(&b, c->signed_at_ms);
    buf_char(&b, '\n');
    buf_add(&b, c->date);
    buf_char(&b, '/');
    if (c->form != AUTH_V4A) {
        buf_add(&b, c->region);
        buf_char(&b, '/');
    }
    buf_add(&b, c->service);
    buf_add(&b, S("/aws4_request\n"));
    buf_add(&b, (str){hex, sizeof hex});
    return buf_str(&b);
}

void sigv4_derive(struct sigv4_key *key, str secret, str date, str region, str service) {
    char seed[4 + 128] = "AWS4";
    ASSERT(secret.n <= sizeof seed - 4);
    memcpy(seed + 4, secret.p, secret.n);
    u8 k[32];
    hmac_sha256((str){seed, 4 + secret.n}, date, k);
    hmac_sha256((str){(char *)k, 32}, region, k);
    hmac_sha256((str){(char *)k, 32}, service, k);
    hmac_sha256((str){(char *)k, 32}, S("aws4_request"), key->bytes);
    key->pair = NULL;
}

static void sign(const struct sigv4_key *key, str text, char hex[static 64]) {
    u8 mac[32];
    hmac_sha256((str){(const char *)key->bytes, sizeof key->bytes}, text, mac);
    hex_encode((str){(const char *)mac, sizeof mac}, hex);
}

/* ---- the cache of signing keys: direct-mapped, each entry holding what it was made of ---- */

struct cache_entry {
    u64 epoch;
    u16 n; /* bytes of `of`; 0: empty */
    char of[206];
    struct sigv4_key key;
};
struct sigv4_cache {
    size_t entries;
    struct cache_entry *v; /* one more than `entries`: where keys go that are too long to keep */
};

struct sigv4_cache *sigv4_cache_new(struct arena *a, size_t entries) {
    ASSERT(entries > 0);
    struct sigv4_cache *c = NEW(a, struct sigv4_cache);
    c->entries = entries;
    c->v = NEW_ARRAY(a, struct cache_entry, entries + 1);
    return c;
}

const struct sigv4_key *sigv4_cache_get(struct sigv4_cache *c, u64 epoch, str access_key, str secret,
                                        str date, str region, str service) {
    char of[sizeof c->v->of];
    size_t n = 0;
    str parts[] = {access_key, secret, date, region, service};
    for (size_t i = 0; i < LENGTH(parts); i++) {
        if (parts[i].n + 1 > sizeof of - n) {
            sigv4_derive(&c->v[c->entries].key, secret, date, region, service);
            return &c->v[c->entries].key;
        }
        memcpy(of + n, parts[i].p, parts[i].n);
        n += parts[i].n;
        of[n++] = '\0';
    }
    struct cache_entry *e = &c->v[str_hash((str){of, n}) % c->entries];
    if (e->n == n && e->epoch == epoch && memcmp(e->of, of, n) == 0) return &e->key;
    e->epoch = epoch;
    e->n = (u16)n;
    memcpy(e->of, of, n);
    sigv4_derive(&e->key, secret, date, region, service);
    return &e->key;
}

/* ---- checking ---- */

static bool is_signature_of(const struct sigv4_key *key, str text, str signature) {
    if (key->pair) return sigv4a_verify(key, text, signature);
    char hex[64];
    sign(key, text, hex);
    return str_eq_constant_time(signature, (str){hex, sizeof hex});
}

bool sigv4_check(const struct auth_request *r, const struct auth_claim *c, bool s3,
                 const struct sigv4_key *key, str payload_hash, struct arena *a,
                 str *canonical_request, str *string_to_sign) {
    str hash = c->payload_hash.p ? c->payload_hash : payload_hash;
    *canonical_request = sigv4_canonical_request(r, c, s3, hash, a);
    *string_to_sign = sigv4_string_to_sign(c, *canonical_request, a);
    if (!canonical_request->p) return false;
    if (is_signature_of(key, *string_to_sign, c->signature)) return true;
    if (c->expires_s < 0 || !c->session_token.p) return false;

    /* A few services' clients append the token to the URL after signing. */
    str canonical = sigv4_canonical_request_without_token(r, c, s3, hash, a);
    return is_signature_of(key, sigv4_string_to_sign(c, canonical, a), c->signature);
}

bool sigv4_check_policy(const struct sigv4_key *key, str policy, str signature) {
    char hex[64];
    sign(key, policy, hex);
    return str_eq_constant_time(signature, (str){hex, sizeof hex});
}

/* ---- signing ---- */

static int name_order(const void *x, const void *y) { return str_cmp(*(const str *)x, *(const str *)y); }

/* The names of all headers, lower case, sorted, each once: "host;x-amz-date". */
static str header_names(const struct auth_request *r, struct arena *a) {
    str *names = NEW_ARRAY(a, str, r->header_count + 1);
    for (size_t i = 0; i < r->header_count; i++) {
        str name = r->headers[i].name;
        char *lower = arena_alloc(a, name.n + 1, 1);
        for (size_t k = 0; k < name.n; k++)
            lower[k] = name.p[k] >= 'A' && name.p[k] <= 'Z' ? (char)(name.p[k] | 0x20) : name.p[k];
        names[i] = (str){lower, name.n};
    }
    qsort(names, r->header_count, sizeof *names, name_order);
    struct buf b = buf_new(a, CANONICAL_MAX);
    for (size_t i = 0; i < r->header_count; i++) {
        if (i > 0 && str_eq(names[i], names[i - 1])) continue;
        if (b.n) buf_char(&b, ';');
        buf_add(&b, names[i]);
    }
    return buf_str(&b);
}

str sigv4_authorization(const struct auth_request *r, str access_key, str secret, str region,
                        str service, str amz_date, str payload_hash, bool s3, struct arena *a) {
    struct auth_claim c = {
        .form = AUTH_V4_HEADER,
        .access_key = access_key,
        .date = str_take(amz_date, 8),
        .region = region,
        .service = service,
        .signed_headers = header_names(r, a),
        .expires_s = -1,
    };
    ASSERT(amz_date_parse(amz_date, &c.signed_at_ms));
    struct sigv4_key key;
    sigv4_derive(&key, secret, c.date, region, service);
    str canonical = sigv4_canonical_request(r, &c, s3, payload_hash, a);
    char hex[64];
    sign(&key, sigv4_string_to_sign(&c, canonical, a), hex);
    return arena_format(a,
                        "AWS4-HMAC-SHA256 Credential=%.*s/%.*s/%.*s/%.*s/aws4_request, "
                        "SignedHeaders=%.*s, Signature=%.64s",
                        STR_ARGS(access_key), STR_ARGS(c.date), STR_ARGS(region), STR_ARGS(service),
                        STR_ARGS(c.signed_headers), hex);
}
