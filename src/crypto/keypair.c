#include "crypto/keypair.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>

struct keypair {
    EVP_PKEY *key;
    u8 kind;
};

/* A foreign openssl.cnf must not change what a key is, nor cost its reading. */
static void start(void) { OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); }
static void ready(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}

/* ---- hashes ---- */

static const EVP_MD *hash_of(enum hash_kind hash) {
    switch (hash) {
    case HASH_SHA1: return EVP_sha1();
    case HASH_SHA224: return EVP_sha224();
    case HASH_SHA256: return EVP_sha256();
    case HASH_SHA384: return EVP_sha384();
    case HASH_SHA512: return EVP_sha512();
    case HASH_KINDS: break;
    }
    ASSERT(!"a hash kind");
    return NULL;
}

size_t hash_size(enum hash_kind hash) { return (size_t)EVP_MD_get_size(hash_of(hash)); }

size_t hash_once(enum hash_kind hash, str bytes, u8 out[static HASH_MAX]) {
    unsigned n = 0;
    ready();
    ASSERT(EVP_Digest(bytes.p ? bytes.p : "", bytes.n, out, &n, hash_of(hash), NULL) == 1);
    return n;
}

size_t hmac_once_of(enum hash_kind hash, str key, str message, u8 out[static HASH_MAX]) {
    unsigned n = 0;
    ready();
    ASSERT(key.n <= INT32_MAX);
    ASSERT(HMAC(hash_of(hash), key.p, (int)key.n, (const u8 *)message.p, message.n, out, &n));
    return n;
}

/* ---- keys ---- */

static void key_end(void *object) {
    struct keypair *k = object;
    EVP_PKEY_free(k->key); /* wipes the private numbers */
    k->key = NULL;
}

static const struct {
    const char *group; /* of a curve */
    int bits;          /* of RSA */
} kinds[KEYPAIR_KINDS] = {
    [KEYPAIR_RSA_2048] = {NULL, 2048},        [KEYPAIR_RSA_3072] = {NULL, 3072},   [KEYPAIR_RSA_4096] = {NULL, 4096},
    [KEYPAIR_P256] = {"prime256v1", 0},       [KEYPAIR_P384] = {"secp384r1", 0},   [KEYPAIR_P521] = {"secp521r1", 0},
    [KEYPAIR_SECP256K1] = {"secp256k1", 0},   [KEYPAIR_ED25519] = {NULL, 0},
};

static int kind_of(EVP_PKEY *key) {
    char group[32];
    if (EVP_PKEY_is_a(key, "ED25519")) return KEYPAIR_ED25519;
    bool curve = EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1;
    bool rsa = EVP_PKEY_is_a(key, "RSA");
    for (int i = 0; i < KEYPAIR_KINDS; i++) {
        if (rsa && kinds[i].bits && EVP_PKEY_get_bits(key) == kinds[i].bits) return i;
        if (curve && kinds[i].group && strcmp(group, kinds[i].group) == 0) return i;
    }
    return -1;
}

/* Takes the key over. */
static struct keypair *keep(struct arena *a, EVP_PKEY *key) {
    int kind = key ? kind_of(key) : -1;
    if (kind < 0) {
        EVP_PKEY_free(key);
        return NULL;
    }
    struct keypair *k = NEW(a, struct keypair);
    *k = (struct keypair){key, (u8)kind};
    arena_on_free(a, key_end, k);
    return k;
}

struct keypair *keypair_generate(struct arena *a, enum keypair_kind kind) {
    EVP_PKEY *key;
    ready();
    ASSERT(kind < KEYPAIR_KINDS);
    if (kinds[kind].bits) key = EVP_RSA_gen((size_t)kinds[kind].bits);
    else if (kinds[kind].group) key = EVP_EC_gen(kinds[kind].group);
    else key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ASSERT(key);
    return keep(a, key);
}

bool keypair_sound(const struct keypair *k) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    bool fit = c && EVP_PKEY_pairwise_check(c) == 1;
    EVP_PKEY_CTX_free(c);
    return fit;
}

struct keypair *keypair_read_private(struct arena *a, str pkcs8) {
    const u8 *p = (const u8 *)pkcs8.p;
    ready();
    if (pkcs8.n > INT32_MAX) return NULL;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.n);
    bool whole = info && p == (const u8 *)pkcs8.p + pkcs8.n;
    struct keypair *k = keep(a, whole ? EVP_PKCS82PKEY(info) : NULL);
    PKCS8_PRIV_KEY_INFO_free(info);
    return k;
}

static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

struct keypair *keypair_read_pem(struct arena *a, str pem) {
    ready();
    BIO *in = pem.n && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    return keep(a, key);
}

struct keypair *keypair_read_public(struct arena *a, str der) {
    const u8 *p = (const u8 *)der.p;
    ready();
    if (der.n > INT32_MAX) return NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
    if (key && p != (const u8 *)der.p + der.n) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return keep(a, key);
}

enum keypair_kind keypair_kind(const struct keypair *k) { return k->kind; }

str keypair_private(struct arena *a, const struct keypair *k) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(k->key);
    ASSERT(info);
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, NULL);
    ASSERT(n > 0);
    u8 *der = arena_alloc(a, (size_t)n, 1), *at = der;
    ASSERT(i2d_PKCS8_PRIV_KEY_INFO(info, &at) == n);
    PKCS8_PRIV_KEY_INFO_free(info);
    return (str){(char *)der, (size_t)n};
}

str keypair_public(struct arena *a, const struct keypair *k) {
    int n = i2d_PUBKEY(k->key, NULL);
    ASSERT(n > 0);
    u8 *der = arena_alloc(a, (size_t)n, 1), *at = der;
    ASSERT(i2d_PUBKEY(k->key, &at) == n);
    return (str){(char *)der, (size_t)n};
}

/* ---- signatures ---- */

static bool set_scheme(EVP_PKEY_CTX *c, enum signature_scheme scheme, enum hash_kind hash) {
    if (EVP_PKEY_CTX_set_signature_md(c, hash_of(hash)) != 1) return false;
    if (scheme == SIGNATURE_PKCS1) return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
    if (scheme == SIGNATURE_PSS)
        return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(c, RSA_PSS_SALTLEN_DIGEST) == 1;
    return true;
}

static str sign_message(struct arena *a, const struct keypair *k, str message) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = 64;
    u8 *signature = arena_alloc(a, n, 1);
    ASSERT(c && EVP_DigestSignInit(c, NULL, NULL, NULL, k->key) == 1);
    ASSERT(EVP_DigestSign(c, signature, &n, (const u8 *)message.p, message.n) == 1);
    EVP_MD_CTX_free(c);
    return (str){(char *)signature, n};
}

str keypair_sign(struct arena *a, const struct keypair *k, enum signature_scheme scheme, enum hash_kind hash, str digest) {
    if (scheme == SIGNATURE_ED25519) return sign_message(a, k, digest);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    size_t n = (size_t)EVP_PKEY_get_size(k->key);
    u8 *signature = arena_alloc(a, n, 1);
    ASSERT(c && EVP_PKEY_sign_init(c) == 1 && set_scheme(c, scheme, hash));
    ASSERT(EVP_PKEY_sign(c, signature, &n, (const u8 *)digest.p, digest.n) == 1);
    EVP_PKEY_CTX_free(c);
    return (str){(char *)signature, n};
}

static bool verify_message(const struct keypair *k, str message, str signature) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool valid = c && EVP_DigestVerifyInit(c, NULL, NULL, NULL, k->key) == 1
                 && EVP_DigestVerify(c, (const u8 *)signature.p, signature.n, (const u8 *)message.p, message.n) == 1;
    EVP_MD_CTX_free(c);
    return valid;
}

bool keypair_verify(const struct keypair *k, enum signature_scheme scheme, enum hash_kind hash, str digest, str signature) {
    if (scheme == SIGNATURE_ED25519) return verify_message(k, digest, signature);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    bool valid = c && EVP_PKEY_verify_init(c) == 1 && set_scheme(c, scheme, hash)
                 && EVP_PKEY_verify(c, (const u8 *)signature.p, signature.n, (const u8 *)digest.p, digest.n) == 1;
    EVP_PKEY_CTX_free(c);
    return valid;
}

/* ---- encryption, agreement, wrapping ---- */

static bool set_padding(EVP_PKEY_CTX *c, int padding) {
    if (padding == RSA_PKCS1) return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_oaep_md(c, hash_of((enum hash_kind)padding)) == 1
           && EVP_PKEY_CTX_set_rsa_mgf1_md(c, hash_of((enum hash_kind)padding)) == 1;
}

bool keypair_encrypt(struct arena *a, const struct keypair *k, int padding, str plain, str *sealed) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    size_t n = (size_t)EVP_PKEY_get_size(k->key);
    u8 *out = arena_alloc(a, n, 1);
    bool done = c && EVP_PKEY_encrypt_init(c) == 1 && set_padding(c, padding) && EVP_PKEY_encrypt(c, out, &n, (const u8 *)plain.p, plain.n) == 1;
    EVP_PKEY_CTX_free(c);
    *sealed = (str){(char *)out, n};
    return done;
}

bool keypair_decrypt(struct arena *a, const struct keypair *k, int padding, str sealed, str *plain) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    size_t n = (size_t)EVP_PKEY_get_size(k->key);
    u8 *out = arena_alloc(a, n, 1);
    bool done = c && EVP_PKEY_decrypt_init(c) == 1 && set_padding(c, padding) && EVP_PKEY_decrypt(c, out, &n, (const u8 *)sealed.p, sealed.n) == 1;
    EVP_PKEY_CTX_free(c);
    *plain = (str){(char *)out, done ? n : 0};
    return done;
}

bool keypair_agree(struct arena *a, const struct keypair *k, const struct keypair *peer, str *secret) {
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->key, NULL);
    size_t n = 66; /* P-521 */
    u8 *out = arena_alloc(a, n, 1);
    bool done = k->kind == peer->kind && kinds[k->kind].group && c && EVP_PKEY_derive_init(c) == 1
                && EVP_PKEY_derive_set_peer(c, peer->key) == 1 && EVP_PKEY_derive(c, out, &n) == 1;
    EVP_PKEY_CTX_free(c);
    *secret = (str){(char *)out, done ? n : 0};
    return done;
}

bool key_unwrap(struct arena *a, str key, str wrapped, str *plain) {
    ready();
    const EVP_CIPHER *cipher = key.n == 16 ? EVP_aes_128_wrap_pad() : key.n == 24 ? EVP_aes_192_wrap_pad() : key.n == 32 ? EVP_aes_256_wrap_pad() : NULL;
    if (!cipher || wrapped.n < 16 || wrapped.n % 8 || wrapped.n > INT32_MAX) return false;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    u8 *out = arena_alloc(a, wrapped.n + 8, 1);
    ASSERT(c);
    EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    bool done = EVP_DecryptInit_ex(c, cipher, NULL, (const u8 *)key.p, NULL) == 1 && EVP_DecryptUpdate(c, out, &n, (const u8 *)wrapped.p, (int)wrapped.n) > 0;
    EVP_CIPHER_CTX_free(c);
    *plain = (str){(char *)out, done ? (size_t)n : 0};
    return done;
}
