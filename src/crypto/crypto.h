/* The one door to libcrypto's algorithms: digests, HMAC, AES-GCM, random bytes, checksums.
 *
 * Digests and HMAC use libcrypto's low-level functions, which need no library initialisation (that
 * costs milliseconds): the first signed answer does not wait for it. Nothing here allocates from the
 * heap after the first use of AES-GCM. All functions are thread-safe; contexts belong to one thread. */
#ifndef BRUME_CRYPTO_H
#define BRUME_CRYPTO_H

#include "base/arena.h"

void random_bytes(void *out, size_t n); /* getrandom(2); never fails (asserts) */
/* For nonces and identifiers, which are many and no secrets: up to 1,024 bytes from the thread's pool, one system call
 * for a pool. Keys and passwords use random_bytes. */
void random_unique(void *out, size_t n);

/* ---- digests and checksums by streaming ---- */
enum digest_kind {
    DIGEST_MD5,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA512,
    DIGEST_CRC32,
    DIGEST_CRC32C,
    DIGEST_CRC64NVME,
    DIGEST_XXHASH64,
    DIGEST_XXHASH3,
    DIGEST_XXHASH128,
    DIGEST_KINDS
};
enum { DIGEST_MAX = 64 };
struct digest {
    u8 kind;
    _Alignas(64) u8 state[576]; /* private */
};
void digest_init(struct digest *d, enum digest_kind kind);
void digest_add(struct digest *d, const void *bytes, size_t n);
size_t digest_end(struct digest *d, u8 out[static DIGEST_MAX]); /* bytes written; big-endian CRCs */
size_t digest_size(enum digest_kind kind);
size_t digest_once(enum digest_kind kind, str bytes, u8 out[static DIGEST_MAX]);
str md5_hex(struct arena *a, str bytes); /* as manifests and receipts have it */
void sha256(str bytes, u8 out[static 32]);
/* CRC of A followed by B from crc(A), crc(B) and B's length: CRC32, CRC32C, CRC64NVME (FULL_OBJECT
 * checksums of multipart uploads). Both values and the result big-endian, digest_size() bytes. */
void digest_combine(enum digest_kind kind, u8 *a_then_result, const u8 *b, u64 b_length);

/* ---- HMAC-SHA256 ---- */
void hmac_sha256(str key, str message, u8 out[static 32]);
struct hmac { /* a keyed context that is used many times: half the cost of one-shot */
    _Alignas(16) u8 inner[112], outer[112];
};
void hmac_init(struct hmac *h, str key);
void hmac_once(const struct hmac *h, str message, u8 out[static 32]);

/* ---- AES-256-GCM: authenticated; a 12-byte nonce must never repeat under one key ---- */
enum { AEAD_KEY = 32, AEAD_NONCE = 12, AEAD_TAG = 16 };
struct aead; /* a key schedule; one thread at a time */
struct aead *aead_new(struct arena *a, const u8 key[static AEAD_KEY]); /* freed with the arena */
void aead_set_key(struct aead *k, const u8 key[static AEAD_KEY]); /* the same context, another key */
/* out may equal in. */
void aead_seal(struct aead *k, const u8 nonce[static AEAD_NONCE], str associated, str in, u8 *out,
               u8 tag[static AEAD_TAG]);
MUST_USE bool aead_open(struct aead *k, const u8 nonce[static AEAD_NONCE], str associated, str in,
                        const u8 tag[static AEAD_TAG], u8 *out);

/* ---- AES-256 in counter mode, from any position: a range opens alone. It only hides: what must not be altered is
 * sealed besides. One key for one text. out may equal in. ---- */
void ctr_apply(const u8 key[static AEAD_KEY], u64 position, const void *in, void *out, size_t n);

#endif
