#include "crypto/password.h"

#include "crypto/crypto.h"
#include "crypto/keypair.h"

#include <openssl/evp.h>

static void derive(str password, const u8 *salt, u8 out[static PASSWORD_DIGEST]) {
    enum { N = 16384, R = 8, P = 1, MEMORY = 32 << 20 };
    ASSERT(EVP_PBE_scrypt(password.p, password.n, salt, PASSWORD_SALT, N, R, P, MEMORY, out, PASSWORD_DIGEST) == 1);
}

void password_key(str password, const u8 salt[static PASSWORD_SALT], u8 key[static PASSWORD_DIGEST]) { derive(password, salt, key); }

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

u32 totp_code(str seed, u64 step) {
    u8 mac[HASH_MAX];
    u64 big_endian = __builtin_bswap64(step);
    hmac_once_of(HASH_SHA1, seed, (str){(const char *)&big_endian, sizeof big_endian}, mac);
    const u8 *at = mac + (mac[19] & 15); /* RFC 4226: dynamic truncation */
    u32 number = (u32)(at[0] & 127) << 24 | (u32)at[1] << 16 | (u32)at[2] << 8 | at[3];
    return number % 1000000;
}
