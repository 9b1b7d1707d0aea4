/* Asymmetric keys, MACs of every width and the wrapping of key material, through libcrypto's EVP. The first
 * use costs libcrypto's initialisation (3 ms), the making of an RSA key much more: not on a loop, not in the
 * writer. A private key travels as PKCS#8 DER, a public one as SubjectPublicKeyInfo DER; who holds the bytes of
 * a private one wipes them (explicit_bzero) when they are used. */
#ifndef BRUME_KEYPAIR_H
#define BRUME_KEYPAIR_H

#include "base/arena.h"

enum keypair_kind {
    KEYPAIR_RSA_2048,
    KEYPAIR_RSA_3072,
    KEYPAIR_RSA_4096,
    KEYPAIR_P256,
    KEYPAIR_P384,
    KEYPAIR_P521,
    KEYPAIR_SECP256K1,
    KEYPAIR_ED25519,
    KEYPAIR_KINDS
};
enum hash_kind { HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_KINDS };
enum { HASH_MAX = 64 };
size_t hash_size(enum hash_kind hash);
size_t hash_once(enum hash_kind hash, str bytes, u8 out[static HASH_MAX]);
size_t hmac_once_of(enum hash_kind hash, str key, str message, u8 out[static HASH_MAX]);

struct keypair; /* freed and wiped with the arena */
struct keypair *keypair_generate(struct arena *a, enum keypair_kind kind);
/* NULL: no key of one of these kinds. */
struct keypair *keypair_read_private(struct arena *a, str pkcs8);
struct keypair *keypair_read_pem(struct arena *a, str pem); /* a private key in PEM, without a passphrase */
bool keypair_sound(const struct keypair *k); /* its private and public numbers belong together: for keys from outside */
struct keypair *keypair_read_public(struct arena *a, str der);
enum keypair_kind keypair_kind(const struct keypair *k);
str keypair_private(struct arena *a, const struct keypair *k); /* DER; the caller wipes it */
str keypair_public(struct arena *a, const struct keypair *k);

enum signature_scheme {
    SIGNATURE_PSS, /* the salt as long as the digest */
    SIGNATURE_PKCS1,
    SIGNATURE_ECDSA, /* DER */
    SIGNATURE_ED25519, /* of the message itself; `hash` is not looked at */
};
/* Of a digest (of `hash`'s size), but for ED25519. The scheme must be one of the key's kind. */
str keypair_sign(struct arena *a, const struct keypair *k, enum signature_scheme scheme, enum hash_kind hash, str digest);
MUST_USE bool keypair_verify(const struct keypair *k, enum signature_scheme scheme, enum hash_kind hash, str digest, str signature);

/* RSA: OAEP with the same hash in MGF1, or PKCS#1 1.5 for those who can do no other (keys from outside). */
enum { RSA_PKCS1 = HASH_KINDS };
MUST_USE bool keypair_encrypt(struct arena *a, const struct keypair *k, int padding, str plain, str *sealed);
MUST_USE bool keypair_decrypt(struct arena *a, const struct keypair *k, int padding, str sealed, str *plain);
/* ECDH: the shared secret's x coordinate. False: not of one curve. */
MUST_USE bool keypair_agree(struct arena *a, const struct keypair *k, const struct keypair *peer, str *secret);

/* AES key wrap with padding (RFC 5649), key of 16, 24 or 32 bytes. */
MUST_USE bool key_unwrap(struct arena *a, str key, str wrapped, str *plain);

#endif
