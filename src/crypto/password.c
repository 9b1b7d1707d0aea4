#include "crypto/password.h"

#include "crypto/crypto.h"

#include <openssl/evp.h>

static void derive(str password, const u8 *salt, u8 out[static PASSWORD_DIGEST]) {
    enum { N = 16384, R = 8, P = 1, MEMORY = 32 << 20 };
    ASSERT(EVP_PBE_scrypt(password.p, password.n, salt, PASSWORD_SALT, N, R, P, MEMORY, out, PASSWORD_DIGEST) == 1);
}

str password_hash(struct arena *a, str password) {
    u8 *hash = arena_alloc(a, PASSWORD_HASH, 1);
    random_bytes(hash, PASSWORD_SALT);
    derive(password, hash, hash + PASSWORD_SALT);
    return (str){(char *)hash, PASSWORD_HASH};
}

bool password_matches(str hash, str password) {
    u8 digest[PASSWORD_DIGEST];
    if (hash.n != PASSWORD_HASH) return false;
    derive(password, (const u8 *)hash.p, digest);
    return str_eq_constant_time(str_skip(hash, PASSWORD_SALT), (str){(char *)digest, sizeof digest});
}

static void hmac_sha1(str key, str message, u8 out[static DIGEST_MAX]) {
    enum { BLOCK = 64 };
    u8 block[BLOCK] = {0}, pad[BLOCK];
    struct digest d;
    if (key.n > BLOCK) digest_once(DIGEST_SHA1, key, block);
    else memcpy(block, key.p, key.n);
    digest_init(&d, DIGEST_SHA1);
    for (size_t i = 0; i < BLOCK; i++) pad[i] = block[i] ^ 0x36;
    digest_add(&d, pad, BLOCK);
    digest_add(&d, message.p, message.n);
    size_t n = digest_end(&d, out);
    digest_init(&d, DIGEST_SHA1);
    for (size_t i = 0; i < BLOCK; i++) pad[i] = block[i] ^ 0x5c;
    digest_add(&d, pad, BLOCK);
    digest_add(&d, out, n);
    digest_end(&d, out);
}

u32 totp_code(str seed, u64 step) {
    u8 mac[DIGEST_MAX];
    u64 big_endian = __builtin_bswap64(step);
    hmac_sha1(seed, (str){(const char *)&big_endian, sizeof big_endian}, mac);
    const u8 *at = mac + (mac[19] & 15); /* RFC 4226: dynamic truncation */
    u32 number = (u32)(at[0] & 127) << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
    return number % 1000000;
}
