#include "crypto/public_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

enum { DER_MAX = 4096 };

/* ---- DER: a tag, the length of what follows, and that ---- */

static str wrap(struct arena *a, u8 tag, str content) {
    struct buf b = buf_new(a, DER_MAX + 8);
    buf_char(&b, (char)tag);
    if (content.n >= 256) {
        buf_char(&b, (char)0x82);
        buf_char(&b, (char)(content.n >> 8));
    } else if (content.n >= 128) {
        buf_char(&b, (char)0x81);
    }
    buf_char(&b, (char)content.n);
    buf_add(&b, content);
    return buf_str(&b);
}

enum { INTEGER = 0x02, BIT_STRING = 0x03, SEQUENCE = 0x30 };

/* The shortest form, and not negative. */
static str integer(struct arena *a, str number) {
    while (number.n > 1 && number.p[0] == 0) number = str_skip(number, 1);
    bool high = number.n && number.p[0] & 0x80;
    return wrap(a, INTEGER, high ? arena_concat(a, (str){"", 1}, number) : number);
}

static struct keypair *read(struct arena *a, str algorithm, str key) {
    str bits = wrap(a, BIT_STRING, arena_concat(a, (str){"", 1}, key)); /* no unused bits */
    return keypair_read_public(a, wrap(a, SEQUENCE, arena_concat(a, algorithm, bits)));
}

/* rsaEncryption with NULL; id-ecPublicKey with the curve. */
#define RSA S("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")
static const struct {
    enum keypair_kind kind;
    u8 bytes;
    str algorithm;
} curves[] = {
    {KEYPAIR_P256, 32, {"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 21}},
    {KEYPAIR_P384, 48, {"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22", 18}},
    {KEYPAIR_P521, 66, {"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23", 18}},
};

struct keypair *keypair_of_rsa(struct arena *a, str modulus, str exponent) {
    enum { MODULUS_MAX = 1024, EXPONENT_MAX = 8 };
    if (!modulus.n || modulus.n > MODULUS_MAX || !exponent.n || exponent.n > EXPONENT_MAX) return NULL;
    return read(a, RSA, wrap(a, SEQUENCE, arena_concat(a, integer(a, modulus), integer(a, exponent))));
}

struct keypair *keypair_of_point(struct arena *a, enum keypair_kind curve, str x, str y) {
    for (size_t i = 0; i < LENGTH(curves); i++)
        if (curves[i].kind == curve && x.n == curves[i].bytes && y.n == x.n)
            return read(a, curves[i].algorithm, arena_concat(a, S("\x04"), arena_concat(a, x, y)));
    return NULL;
}

struct keypair *keypair_of_certificate(struct arena *a, str der) {
    const u8 *at = (const u8 *)der.p;
    u8 *key = NULL;
    X509 *certificate = der.n <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.n) : NULL;
    int n = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key) : 0;
    struct keypair *k = n > 0 ? keypair_read_public(a, (str){(const char *)key, (size_t)n}) : NULL;
    OPENSSL_free(key);
    X509_free(certificate);
    return k;
}

str ecdsa_der(struct arena *a, str halves) {
    enum { HALVES_MAX = 132 };
    if (!halves.n || halves.n % 2 || halves.n > HALVES_MAX) return (str){0};
    str r = integer(a, str_take(halves, halves.n / 2)), s = integer(a, str_skip(halves, halves.n / 2));
    return wrap(a, SEQUENCE, arena_concat(a, r, s));
}

/* ---- the other way ---- */

static str number_of(struct arena *a, const BIGNUM *n, size_t bytes) {
    u8 *out = arena_alloc(a, bytes + 1, 1);
    ASSERT(BN_bn2binpad(n, out, (int)bytes) == (int)bytes);
    return (str){(char *)out, bytes};
}

static str parameter(struct arena *a, const EVP_PKEY *key, const char *name, size_t bytes) {
    BIGNUM *n = NULL;
    ASSERT(EVP_PKEY_get_bn_param(key, name, &n) == 1);
    str out = number_of(a, n, bytes ? bytes : (size_t)BN_num_bytes(n));
    BN_free(n);
    return out;
}

static size_t bytes_of_curve(enum keypair_kind kind) {
    for (size_t i = 0; i < LENGTH(curves); i++)
        if (curves[i].kind == kind) return curves[i].bytes;
    return 0;
}

bool keypair_numbers(struct arena *a, const struct keypair *k, str *first, str *second) {
    enum keypair_kind kind = keypair_kind(k);
    bool rsa = kind <= KEYPAIR_RSA_4096;
    size_t bytes = bytes_of_curve(kind);
    if (!rsa && !bytes) return false;
    str der = keypair_public(a, k);
    const u8 *at = (const u8 *)der.p;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.n);
    ASSERT(key);
    *first = parameter(a, key, rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, bytes);
    *second = parameter(a, key, rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
    EVP_PKEY_free(key);
    return true;
}

str ecdsa_halves(struct arena *a, enum keypair_kind curve, str der) {
    size_t bytes = bytes_of_curve(curve);
    const u8 *at = (const u8 *)der.p;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)der.n);
    ASSERT(signature && bytes);
    str halves = arena_concat(a, number_of(a, ECDSA_SIG_get0_r(signature), bytes), number_of(a, ECDSA_SIG_get0_s(signature), bytes));
    ECDSA_SIG_free(signature);
    return halves;
}
