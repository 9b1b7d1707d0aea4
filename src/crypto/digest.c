/* libcrypto's low-level digests are marked as deprecated in favour of EVP, which initialises the
 * whole library (providers, configuration, 4 MB); that is why this file, alone, keeps to them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/encode.h"
#include "crypto/crypto.h"
#include "crypto/crc.h"

/* What lies in digest.state. */
union digest_state {
    MD5_CTX md5;
    SHA_CTX sha1;
    SHA256_CTX sha256;
    SHA512_CTX sha512;
    u64 crc;
    XXH64_state_t xxh64;
    XXH3_state_t xxh3;
};
_Static_assert(sizeof(union digest_state) <= sizeof(((struct digest *)0)->state), "digest.state");
_Static_assert(2 * sizeof(SHA256_CTX) <= sizeof(struct hmac), "struct hmac");

static union digest_state *state_of(struct digest *d) { return (void *)d->state; }

static const struct crc *crc_of(enum digest_kind kind) {
    ASSERT(kind >= DIGEST_CRC32 && kind <= DIGEST_CRC64NVME);
    return kind == DIGEST_CRC32 ? &crc32_iso : kind == DIGEST_CRC32C ? &crc32_castagnoli : &crc64_nvme;
}

/* Big-endian, the byte order of every checksum on S3's wire, xxHash's canonical one included. */
static size_t put_big_endian(u64 value, u8 *out, size_t n) {
    for (size_t i = 0; i < n; i++) out[i] = (u8)(value >> (8 * (n - 1 - i)));
    return n;
}
static u64 get_big_endian(const u8 *in, size_t n) {
    u64 value = 0;
    for (size_t i = 0; i < n; i++) value = value << 8 | in[i];
    return value;
}

size_t digest_size(enum digest_kind kind) {
    static const u8 sizes[DIGEST_KINDS] = {
        [DIGEST_MD5] = 16,   [DIGEST_SHA1] = 20,      [DIGEST_SHA256] = 32,  [DIGEST_SHA512] = 64,
        [DIGEST_CRC32] = 4,  [DIGEST_CRC32C] = 4,     [DIGEST_CRC64NVME] = 8,
        [DIGEST_XXHASH64] = 8, [DIGEST_XXHASH3] = 8, [DIGEST_XXHASH128] = 16,
    };
    ASSERT(kind < DIGEST_KINDS);
    return sizes[kind];
}

void digest_init(struct digest *d, enum digest_kind kind) {
    union digest_state *s = state_of(d);
    d->kind = (u8)kind;
    switch (kind) {
    case DIGEST_MD5: MD5_Init(&s->md5); return;
    case DIGEST_SHA1: SHA1_Init(&s->sha1); return;
    case DIGEST_SHA256: SHA256_Init(&s->sha256); return;
    case DIGEST_SHA512: SHA512_Init(&s->sha512); return;
    case DIGEST_CRC32:
    case DIGEST_CRC32C:
    case DIGEST_CRC64NVME: s->crc = crc_start(crc_of(kind)); return;
    case DIGEST_XXHASH64: XXH64_reset(&s->xxh64, 0); return;
    case DIGEST_XXHASH3: XXH3_INITSTATE(&s->xxh3); XXH3_64bits_reset(&s->xxh3); return;
    case DIGEST_XXHASH128: XXH3_INITSTATE(&s->xxh3); XXH3_128bits_reset(&s->xxh3); return;
    case DIGEST_KINDS: break;
    }
    ASSERT(!"a digest kind");
}

void digest_add(struct digest *d, const void *bytes, size_t n) {
    if (n == 0) return;
    union digest_state *s = state_of(d);
    switch ((enum digest_kind)d->kind) {
    case DIGEST_MD5: MD5_Update(&s->md5, bytes, n); return;
    case DIGEST_SHA1: SHA1_Update(&s->sha1, bytes, n); return;
    case DIGEST_SHA256: SHA256_Update(&s->sha256, bytes, n); return;
    case DIGEST_SHA512: SHA512_Update(&s->sha512, bytes, n); return;
    case DIGEST_CRC32:
    case DIGEST_CRC32C:
    case DIGEST_CRC64NVME: s->crc = crc_add(crc_of(d->kind), s->crc, bytes, n); return;
    case DIGEST_XXHASH64: XXH64_update(&s->xxh64, bytes, n); return;
    case DIGEST_XXHASH3: XXH3_64bits_update(&s->xxh3, bytes, n); return;
    case DIGEST_XXHASH128: XXH3_128bits_update(&s->xxh3, bytes, n); return;
    case DIGEST_KINDS: break;
    }
    ASSERT(!"a digest kind");
}

size_t digest_end(struct digest *d, u8 out[static DIGEST_MAX]) {
    union digest_state *s = state_of(d);
    switch ((enum digest_kind)d->kind) {
    case DIGEST_MD5: MD5_Final(out, &s->md5); break;
    case DIGEST_SHA1: SHA1_Final(out, &s->sha1); break;
    case DIGEST_SHA256: SHA256_Final(out, &s->sha256); break;
    case DIGEST_SHA512: SHA512_Final(out, &s->sha512); break;
    case DIGEST_CRC32:
    case DIGEST_CRC32C:
    case DIGEST_CRC64NVME:
        put_big_endian(crc_value(crc_of(d->kind), s->crc), out, digest_size(d->kind));
        break;
    case DIGEST_XXHASH64: put_big_endian(XXH64_digest(&s->xxh64), out, 8); break;
    case DIGEST_XXHASH3: put_big_endian(XXH3_64bits_digest(&s->xxh3), out, 8); break;
    case DIGEST_XXHASH128: {
        XXH128_hash_t hash = XXH3_128bits_digest(&s->xxh3);
        put_big_endian(hash.high64, out, 8);
        put_big_endian(hash.low64, out + 8, 8);
        break;
    }
    case DIGEST_KINDS: ASSERT(!"a digest kind");
    }
    return digest_size(d->kind);
}

size_t digest_once(enum digest_kind kind, str bytes, u8 out[static DIGEST_MAX]) {
    struct digest d;
    digest_init(&d, kind);
    digest_add(&d, bytes.p, bytes.n);
    return digest_end(&d, out);
}

str md5_hex(struct arena *a, str bytes) {
    u8 digest[DIGEST_MAX];
    size_t n = digest_once(DIGEST_MD5, bytes, digest);
    return hex_of(a, (str){(const char *)digest, n});
}

void sha256(str bytes, u8 out[static 32]) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes.p, bytes.n);
    SHA256_Final(out, &context);
}

void digest_combine(enum digest_kind kind, u8 *a_then_result, const u8 *b, u64 b_length) {
    size_t n = digest_size(kind);
    u64 both = crc_combine(crc_of(kind), get_big_endian(a_then_result, n), get_big_endian(b, n), b_length);
    put_big_endian(both, a_then_result, n);
}

/* ---- HMAC: the two contexts hold the state after the padded key, half of the work ---- */

static void start_with_pad(void *state, const u8 key[static 64], u8 pad) {
    u8 block[64];
    for (int i = 0; i < 64; i++) block[i] = key[i] ^ pad;
    SHA256_Init(state);
    SHA256_Update(state, block, sizeof block);
}

void hmac_init(struct hmac *h, str key) {
    u8 block[64] = {0};
    if (key.n > sizeof block) sha256(key, block);
    else if (key.n > 0) memcpy(block, key.p, key.n);
    start_with_pad(h->inner, block, 0x36);
    start_with_pad(h->outer, block, 0x5c);
}

void hmac_once(const struct hmac *h, str message, u8 out[static 32]) {
    SHA256_CTX context;
    u8 inner[32];
    memcpy(&context, h->inner, sizeof context);
    SHA256_Update(&context, message.p, message.n);
    SHA256_Final(inner, &context);
    memcpy(&context, h->outer, sizeof context);
    SHA256_Update(&context, inner, sizeof inner);
    SHA256_Final(out, &context);
}

void hmac_sha256(str key, str message, u8 out[static 32]) {
    struct hmac h;
    hmac_init(&h, key);
    hmac_once(&h, message, out);
}
