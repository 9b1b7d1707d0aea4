/* JSON Web Tokens: signed here by keys of crypto/keypair.h, told to the reader as JSON Web Keys. */
#include "../jwt.h"

#include "crypto/public_key.h"
#include "unit.h"

static str url64(struct arena *a, str bytes) {
    char *text = arena_c_string(a, base64_of(a, bytes));
    size_t n = strlen(text);
    while (n && text[n - 1] == '=') n--;
    for (size_t i = 0; i < n; i++) text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    return (str){text, n};
}

#define CLAIMS "{\"iss\":\"https://issuer.example/x\",\"sub\":\"me\",\"aud\":[\"one\",\"two\"],\"exp\":2000000000.5,\"iat\":1," \
               "\"https://aws.amazon.com/tags\":{\"principal_tags\":{\"team\":[\"blue\"],\"n\":[]},\"transitive_tag_keys\":[\"team\"]}," \
               "\"https://aws.amazon.com/source_identity\":\"ada\",\"amr\":\"mfa\"}"

static str unsigned_token(struct arena *a, const char *header, const char *claims) {
    return arena_concat(a, url64(a, str_of(header)), arena_concat(a, S("."), url64(a, str_of(claims))));
}

static str signed_token(struct arena *a, const struct keypair *k, bool curve, const char *header) {
    u8 digest[HASH_MAX];
    str input = unsigned_token(a, header, CLAIMS);
    size_t n = hash_once(HASH_SHA256, input, digest);
    str signature = keypair_sign(a, k, curve ? SIGNATURE_ECDSA : SIGNATURE_PKCS1, HASH_SHA256, (str){(char *)digest, n});
    if (curve) { /* DER's two numbers as halves */
        char *halves = arena_alloc(a, 64, 1);
        str rest = str_skip(signature, 2);
        for (int i = 0; i < 2; i++) {
            size_t length = (u8)rest.p[1];
            str number = str_take(str_skip(rest, 2), length);
            rest = str_skip(rest, 2 + length);
            if (number.n > 32) number = str_skip(number, 1);
            memcpy(halves + 32 * i + 32 - number.n, number.p, number.n);
        }
        signature = (str){halves, 64};
    }
    return arena_concat(a, input, arena_concat(a, S("."), url64(a, signature)));
}

static str rsa_set(struct arena *a, const struct keypair *k, const char *id, const char *more) {
    str der = keypair_public(a, k), n = url64(a, str_take(str_skip(der, 33), 256)), e = url64(a, str_skip(der, 291));
    return arena_format(a, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},7,{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%.*s\",\"e\":\"%.*s\"%s}]}", id, STR_ARGS(n), STR_ARGS(e), more);
}

static void claims_are_read(void) {
    struct arena a = {0};
    struct jwt j;
    CHECK(jwt_read(&a, arena_concat(&a, unsigned_token(&a, "{\"alg\":\"RS256\",\"kid\":\"k1\"}", CLAIMS), S(".c2ln")), &j));
    CHECK_STR(j.issuer, S("https://issuer.example/x"));
    CHECK_STR(j.subject, S("me"));
    CHECK_INT(j.audience_count, 2);
    CHECK_STR(j.audiences[1], S("two"));
    CHECK_INT(j.expires_s, 2000000000);
    CHECK_STR(j.methods[0], S("mfa"));
    CHECK_INT(j.tags.n, 1);
    CHECK_STR(j.tags.v[0].value, S("blue"));
    CHECK_INT(j.transitive_count, 1);
    CHECK_STR(j.source_identity, S("ada"));
    CHECK_STR(j.signature, S("sig"));
    arena_free(&a);
}

static void what_is_no_token(void) {
    struct arena a = {0};
    struct jwt j;
    const char *const wrong[] = {"", "a", "a.b", "a.b.c", "....", "e30.e30.c2ln", "e30.e30.c2ln.x", "W10.W10.c2ln"};
    for (size_t i = 0; i < LENGTH(wrong); i++) CHECK(!jwt_read(&a, str_of(wrong[i]), &j));
    CHECK(!jwt_read(&a, unsigned_token(&a, "{\"alg\":\"none\"}", CLAIMS), &j));
    CHECK(!jwt_read(&a, arena_concat(&a, unsigned_token(&a, "{\"alg\":\"none\"}", CLAIMS), S(".")), &j));
    CHECK(!jwt_read(&a, arena_concat(&a, unsigned_token(&a, "{\"alg\":\"RS256\",\"crit\":[\"x\"]}", CLAIMS), S(".c2ln")), &j));
    arena_free(&a);
}

static void rsa_signatures(void) {
    struct arena a = {0};
    struct keypair *k = keypair_generate(&a, KEYPAIR_RSA_2048), *other = keypair_generate(&a, KEYPAIR_RSA_2048);
    struct jwt j;
    str token = signed_token(&a, k, false, "{\"alg\":\"RS256\",\"kid\":\"k1\"}");
    CHECK(jwt_read(&a, token, &j));
    CHECK(jwt_verify(&a, &j, rsa_set(&a, k, "k1", "")));
    CHECK(jwt_verify(&a, &j, rsa_set(&a, k, "k1", ",\"use\":\"sig\",\"alg\":\"RS256\"")));
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, k, "k2", "")));                    /* another key's name */
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, k, "k1", ",\"use\":\"enc\"")));    /* not for signatures */
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, k, "k1", ",\"alg\":\"RS512\"")));
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, other, "k1", "")));
    CHECK(!jwt_verify(&a, &j, S("{}")));
    CHECK(!jwt_verify(&a, &j, S("no json")));
    CHECK(!jwt_verify(&a, &j, S("{\"keys\":[]}")));
    j.algorithm = S("HS256"); /* the public key is no secret */
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, k, "k1", "")));
    j.algorithm = S("none");
    CHECK(!jwt_verify(&a, &j, rsa_set(&a, k, "k1", "")));
    char *altered = arena_c_string(&a, token);
    altered[60] = altered[60] == 'A' ? 'B' : 'A';
    CHECK(!jwt_read(&a, str_of(altered), &j) || !jwt_verify(&a, &j, rsa_set(&a, k, "k1", "")));
    arena_free(&a);
}

static void curve_signatures(void) {
    struct arena a = {0};
    struct keypair *k = keypair_generate(&a, KEYPAIR_P256);
    struct jwt j;
    str der = keypair_public(&a, k), x = url64(&a, str_take(str_skip(der, 27), 32)), y = url64(&a, str_skip(der, 59));
    str set = arena_format(&a, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"}]}", STR_ARGS(x), STR_ARGS(y));
    CHECK(jwt_read(&a, signed_token(&a, k, true, "{\"alg\":\"ES256\"}"), &j));
    CHECK(jwt_verify(&a, &j, set));
    j.signature = str_take(j.signature, 62);
    CHECK(!jwt_verify(&a, &j, set));
    CHECK(jwt_read(&a, signed_token(&a, k, true, "{\"alg\":\"ES384\"}"), &j));
    CHECK(!jwt_verify(&a, &j, set));
    arena_free(&a);
}

UNIT_MAIN(UNIT(claims_are_read), UNIT(what_is_no_token), UNIT(rsa_signatures), UNIT(curve_signatures))
