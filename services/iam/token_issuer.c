/* Rows: (account, "token-issuer") -> issuer; ("", "issuer-of", id) -> account. The page is what OpenID Connect asks of
 * an issuer: a configuration, and the keys under which its tokens are checked. */
#include "token_issuer.h"

#include "cloud/page.h"
#include "crypto/public_key.h"
#include "text/json.h"

static const char page_path[] = "/_sts/"; /* no bucket can have this name */
#define CONFIGURATION S("/.well-known/openid-configuration")
#define KEYS S("/.well-known/jwks.json")
#define SEALED_FOR S("token issuer")

/* As AWS names them. */
static const struct {
    const char *algorithm, *key_id, *type, *curve;
} kinds[] = {{"RS256", "RSA_1", "RSA", NULL}, {"ES384", "EC384_1", "EC", "P-384"}};

static str row_of(struct arena *a, str account, str type, str name) {
    struct key k = key_new(a, S("iam"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, type);
    if (name.p) key_str(&k, name);
    return key_bytes(&k);
}

bool token_issuer_load(struct txn *t, struct arena *a, str account, struct token_issuer *issuer) {
    str row;
    *issuer = (struct token_issuer){0};
    if (!txn_get(t, row_of(a, account, S("token-issuer"), (str){0}), &row)) return false;
    ASSERT(record_decode(a, &token_issuer_record, arena_str(a, row), issuer));
    return true;
}

void token_issuer_save(struct call *c, const struct token_issuer *issuer) {
    txn_put(c->txn, row_of(c->arena, c->account, S("token-issuer"), (str){0}), record_encode(c->arena, &token_issuer_record, issuer));
    txn_put(c->txn, row_of(c->arena, S(""), S("issuer-of"), issuer->id), c->account);
}

static str seal(struct call *c, const struct keypair *k) {
    str private = keypair_private(c->arena, k);
    str sealed = secret_seal(c->txn, c->arena, c->account, SEALED_FOR, private);
    explicit_bzero((char *)(size_t)private.p, private.n);
    return sealed;
}

struct token_issuer token_issuer_new(struct call *c) {
    const struct keypair *rsa = keypair_generate(c->arena, KEYPAIR_RSA_2048), *curve = keypair_generate(c->arena, KEYPAIR_P384);
    return (struct token_issuer){.id = id_uuid(c->arena),
                                 .rsa = seal(c, rsa),
                                 .curve = seal(c, curve),
                                 .rsa_public = keypair_public(c->arena, rsa),
                                 .curve_public = keypair_public(c->arena, curve)};
}

/* DIFFERS: AWS's issuers are "https://ID.tokens.sts.global.api.aws". */
str token_issuer_url(struct arena *a, str base_url, str id) { return arena_format(a, "%.*s%s%.*s", STR_ARGS(base_url), page_path, STR_ARGS(id)); }

bool iam_token_issuer(struct txn *t, struct arena *a, str account, str algorithm, struct identity_token_issuer *out) {
    struct token_issuer issuer;
    if (!token_issuer_load(t, a, account, &issuer) || !issuer.enabled) return false;
    bool curve = str_eq(algorithm, S("ES384"));
    *out = (struct identity_token_issuer){.url = issuer.url, .key_id = str_of(kinds[curve].key_id)};
    ASSERT(secret_open(t, a, account, SEALED_FOR, curve ? issuer.curve : issuer.rsa, &out->private_key));
    return true;
}

/* ---- the page ---- */

static void texts(struct buf *b, const char *name, const char *const *values, size_t n) {
    json_write_key(b, str_of(name));
    json_write_array(b);
    for (size_t i = 0; i < n; i++) json_write_string(b, str_of(values[i]));
    json_write_array_end(b);
}

static void write_configuration(struct arena *a, struct buf *b, const struct token_issuer *issuer) {
    static const char *const responses[] = {"id_token"}, *const subjects[] = {"public"}, *const algorithms[] = {"RS256", "ES384"};
    static const char *const claims[] = {"iss", "aud", "sub", "iat", "exp", "jti", "https://sts.amazonaws.com/"};
    json_write_object(b);
    json_write_member(b, S("issuer"), issuer->url);
    json_write_member(b, S("jwks_uri"), arena_concat(a, issuer->url, KEYS));
    texts(b, "response_types_supported", responses, LENGTH(responses));
    texts(b, "subject_types_supported", subjects, LENGTH(subjects));
    texts(b, "id_token_signing_alg_values_supported", algorithms, LENGTH(algorithms));
    texts(b, "claims_supported", claims, LENGTH(claims));
    json_write_object_end(b);
}

static void write_keys(struct arena *a, struct buf *b, const struct token_issuer *issuer) {
    json_write_object(b);
    json_write_key(b, S("keys"));
    json_write_array(b);
    for (size_t i = 0; i < LENGTH(kinds); i++) {
        str first, second;
        bool curve = kinds[i].curve != NULL;
        const struct keypair *k = keypair_read_public(a, curve ? issuer->curve_public : issuer->rsa_public);
        ASSERT(k && keypair_numbers(a, k, &first, &second));
        json_write_object(b);
        json_write_member(b, S("kty"), str_of(kinds[i].type));
        json_write_member(b, S("use"), S("sig"));
        json_write_member(b, S("alg"), str_of(kinds[i].algorithm));
        json_write_member(b, S("kid"), str_of(kinds[i].key_id));
        if (curve) json_write_member(b, S("crv"), str_of(kinds[i].curve));
        json_write_member(b, curve ? S("x") : S("n"), base64url_of(a, first));
        json_write_member(b, curve ? S("y") : S("e"), base64url_of(a, second));
        json_write_object_end(b);
    }
    json_write_array_end(b);
    json_write_object_end(b);
}

static bool answer(struct txn *t, struct arena *a, str path, struct page_answer *answer) {
    enum { BODY_MAX = 16384 };
    str rest = str_skip(path, sizeof page_path - 1), account;
    str id = str_take(rest, MIN(str_find_char(rest, '/'), rest.n)), file = str_skip(rest, id.n);
    struct token_issuer issuer;
    struct buf b = buf_new(a, BODY_MAX);
    bool configuration = str_eq(file, CONFIGURATION);
    if (!configuration && !str_eq(file, KEYS)) return false;
    if (id.n > 36 || !txn_get(t, row_of(a, S(""), S("issuer-of"), id), &account) || !token_issuer_load(t, a, arena_str(a, account), &issuer)) return false;
    if (configuration) write_configuration(a, &b, &issuer);
    else write_keys(a, &b, &issuer);
    *answer = (struct page_answer){.content_type = S("application/json"), .body = buf_str(&b)};
    return true;
}

const struct page iam_page = {.prefix = page_path, .answer = answer};
