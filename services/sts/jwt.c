#include "jwt.h"

#include "crypto/public_key.h"
#include "text/tree.h"

static const struct json_limits limits = {20000, 16};
static const struct json_limits key_set_limits = {1 << 20, 16};

static str text_of(const struct json_node *object, str name) {
    const struct json_node *n = json_node_member(object, name);
    return n && n->type == JSON_STRING ? n->text : (str){0};
}

/* Seconds; some write a fraction. */
static i64 time_of(const struct json_node *object, str name) {
    const struct json_node *n = json_node_member(object, name);
    bool number = n && n->type == JSON_NUMBER && n->number > 0 && n->number < 1e12;
    return number ? (i64)n->number : 0;
}

/* One text, or a list of them. */
static u32 texts_of(const struct json_node *n, str *texts, u32 max) {
    u32 count = 0;
    if (!n) return 0;
    const struct json_node *item = n->type == JSON_ARRAY ? n->first : n;
    for (; item && count < max; item = n->type == JSON_ARRAY ? item->next : NULL)
        if (item->type == JSON_STRING) texts[count++] = item->text;
    return count;
}

/* {"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]} */
static void read_tags(struct arena *a, const struct json_node *tags, struct jwt *jwt) {
    const struct json_node *principal = json_node_member(tags, S("principal_tags"));
    jwt->transitive_count = texts_of(json_node_member(tags, S("transitive_tag_keys")), jwt->transitive, JWT_TAGS_MAX);
    if (!principal || principal->type != JSON_OBJECT) return;
    jwt->tags.v = NEW_ARRAY(a, struct record_pair, JWT_TAGS_MAX);
    for (const struct json_node *tag = principal->first; tag && jwt->tags.n < JWT_TAGS_MAX; tag = tag->next) {
        str value;
        if (texts_of(tag, &value, 1)) jwt->tags.v[jwt->tags.n++] = (struct record_pair){tag->key, value};
    }
}

static bool read_claims(struct arena *a, const struct json_node *claims, struct jwt *jwt) {
    jwt->issuer = text_of(claims, S("iss"));
    jwt->subject = text_of(claims, S("sub"));
    jwt->authorized_party = text_of(claims, S("azp"));
    jwt->audience_count = texts_of(json_node_member(claims, S("aud")), jwt->audiences, JWT_AUDIENCES_MAX);
    jwt->method_count = texts_of(json_node_member(claims, S("amr")), jwt->methods, JWT_METHODS_MAX);
    jwt->expires_s = time_of(claims, S("exp"));
    jwt->not_before_s = time_of(claims, S("nbf"));
    jwt->issued_s = time_of(claims, S("iat"));
    jwt->source_identity = text_of(claims, S("https://aws.amazon.com/source_identity"));
    const struct json_node *tags = json_node_member(claims, S("https://aws.amazon.com/tags"));
    if (tags && tags->type == JSON_OBJECT) read_tags(a, tags, jwt);
    return jwt->issuer.n && jwt->subject.n;
}

static struct json_node *decode(struct arena *a, str part) {
    str json;
    struct json_node *n = base64url_decode(a, part, &json) ? json_tree(a, json, limits, NULL, NULL) : NULL;
    return n && n->type == JSON_OBJECT ? n : NULL;
}

bool jwt_read(struct arena *a, str token, struct jwt *jwt) {
    *jwt = (struct jwt){0};
    str rest = token, header = str_cut(&rest, '.'), claims = str_cut(&rest, '.');
    if (!rest.n || str_find_char(rest, '.') != STR_NONE || !base64url_decode(a, rest, &jwt->signature)) return false;
    jwt->signing_input = str_take(token, header.n + 1 + claims.n);
    const struct json_node *head = decode(a, header), *body = decode(a, claims);
    if (!head || !body) return false;
    jwt->algorithm = text_of(head, S("alg"));
    jwt->key_id = text_of(head, S("kid"));
    if (json_node_member(head, S("crit"))) return false; /* extensions that we do not know and may not pass over */
    return read_claims(a, body, jwt);
}

/* ---- keys ---- */

static const struct {
    const char *name, *type, *curve; /* kty, crv */
    enum hash_kind hash;
    enum keypair_kind kind;
} algorithms[] = {
    {"RS256", "RSA", NULL, HASH_SHA256, KEYPAIR_KINDS},       {"RS384", "RSA", NULL, HASH_SHA384, KEYPAIR_KINDS},
    {"RS512", "RSA", NULL, HASH_SHA512, KEYPAIR_KINDS},       {"ES256", "EC", "P-256", HASH_SHA256, KEYPAIR_P256},
    {"ES384", "EC", "P-384", HASH_SHA384, KEYPAIR_P384},      {"ES512", "EC", "P-521", HASH_SHA512, KEYPAIR_P521},
};

static int algorithm_of(str name) {
    for (size_t i = 0; i < LENGTH(algorithms); i++)
        if (str_eq(name, str_of(algorithms[i].name))) return (int)i;
    return -1;
}

static str number_of(struct arena *a, const struct json_node *key, str name) {
    str bytes;
    return base64url_decode(a, text_of(key, name), &bytes) ? bytes : (str){0};
}

/* A key for signatures of this algorithm, or NULL. */
static struct keypair *key_of(struct arena *a, const struct json_node *key, int algorithm) {
    str use = text_of(key, S("use")), name = text_of(key, S("alg"));
    if (use.p && !str_eq(use, S("sig"))) return NULL;
    if (name.p && !str_eq(name, str_of(algorithms[algorithm].name))) return NULL;
    if (!str_eq(text_of(key, S("kty")), str_of(algorithms[algorithm].type))) return NULL;
    if (!algorithms[algorithm].curve) return keypair_of_rsa(a, number_of(a, key, S("n")), number_of(a, key, S("e")));
    if (!str_eq(text_of(key, S("crv")), str_of(algorithms[algorithm].curve))) return NULL;
    return keypair_of_point(a, algorithms[algorithm].kind, number_of(a, key, S("x")), number_of(a, key, S("y")));
}

static bool signed_by(struct arena *a, const struct jwt *jwt, const struct keypair *key, int algorithm) {
    u8 digest[HASH_MAX];
    bool curve = algorithms[algorithm].curve != NULL;
    enum hash_kind hash = algorithms[algorithm].hash;
    size_t n = hash_once(hash, jwt->signing_input, digest);
    size_t half = algorithms[algorithm].kind == KEYPAIR_P256 ? 32 : algorithms[algorithm].kind == KEYPAIR_P384 ? 48 : 66;
    if (curve && jwt->signature.n != 2 * half) return false;
    str signature = curve ? ecdsa_der(a, jwt->signature) : jwt->signature;
    return keypair_verify(key, curve ? SIGNATURE_ECDSA : SIGNATURE_PKCS1, hash, (str){(char *)digest, n}, signature);
}

bool jwt_verify(struct arena *a, const struct jwt *jwt, str key_set) {
    enum { KEYS_MAX = 64 };
    int algorithm = algorithm_of(jwt->algorithm);
    const struct json_node *set = json_tree(a, key_set, key_set_limits, NULL, NULL);
    const struct json_node *keys = set ? json_node_member(set, S("keys")) : NULL;
    if (algorithm < 0 || !keys || keys->type != JSON_ARRAY) return false;
    u32 looked = 0;
    for (const struct json_node *key = keys->first; key && looked < KEYS_MAX; key = key->next, looked++) {
        if (key->type != JSON_OBJECT) continue;
        str id = text_of(key, S("kid"));
        if (jwt->key_id.p && id.p && !str_eq(id, jwt->key_id)) continue;
        struct keypair *k = key_of(a, key, algorithm);
        if (k && signed_by(a, jwt, k, algorithm)) return true;
    }
    return false;
}
