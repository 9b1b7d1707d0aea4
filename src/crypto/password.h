/* What people type: passwords, as slow salted hashes, and the codes of their authenticators. */
#ifndef BRUME_PASSWORD_H
#define BRUME_PASSWORD_H

#include "base/arena.h"

/* scrypt (RFC 7914), N = 16384, r = 8, p = 1: 16 MiB and tens of milliseconds, so never on a loop's thread
 * or the writer's. The result is salt and digest together. */
enum { PASSWORD_SALT = 16, PASSWORD_DIGEST = 32, PASSWORD_HASH = PASSWORD_SALT + PASSWORD_DIGEST };
str password_hash(struct arena *a, str password);
MUST_USE bool password_matches(str hash, str password);
/* A key of 32 bytes instead. */
void password_key(str password, const u8 salt[static PASSWORD_SALT], u8 key[static PASSWORD_DIGEST]);

/* The six digits of RFC 6238 (SHA-1, 30 seconds) for that many steps since 1970. */
enum { TOTP_STEP_MS = 30000 };
u32 totp_code(str seed, u64 step);

#endif
