/* Secrets in rows: nonce (12) | tag (16) | ciphertext, AES-256-GCM under a key of this purpose alone. */
#include "cloud/cloud.h"

#include "cloud/boot.h"
#include "crypto/crypto.h"

static struct aead *key_of(struct txn *t, struct arena *a) {
    const struct cloud *cloud = txn_owner(t);
    u8 key[AEAD_KEY];
    ASSERT(cloud);
    hmac_sha256(cloud->root_key, S("brume secrets at rest 1"), key);
    struct aead *aead = aead_new(a, key);
    explicit_bzero(key, sizeof key);
    return aead;
}

/* The account has twelve digits: no two pairs look alike. */
static str bound_to(struct arena *a, str account, str purpose) {
    ASSERT(account_valid(account));
    return arena_concat(a, account, purpose);
}

str secret_seal(struct txn *t, struct arena *a, str account, str purpose, str plain) {
    size_t n = AEAD_NONCE + AEAD_TAG + plain.n;
    u8 *raw = arena_alloc(a, n, 1);
    random_unique(raw, AEAD_NONCE);
    aead_seal(key_of(t, a), raw, bound_to(a, account, purpose), plain, raw + AEAD_NONCE + AEAD_TAG, raw + AEAD_NONCE);
    return (str){(char *)raw, n};
}

bool secret_open(struct txn *t, struct arena *a, str account, str purpose, str sealed, str *plain) {
    if (sealed.n < AEAD_NONCE + AEAD_TAG) return false;
    const u8 *raw = (const u8 *)sealed.p;
    str hidden = str_skip(sealed, AEAD_NONCE + AEAD_TAG);
    u8 *open = arena_alloc(a, hidden.n + 1, 1);
    if (!aead_open(key_of(t, a), raw, bound_to(a, account, purpose), hidden, raw + AEAD_NONCE, open)) return false;
    *plain = (str){(char *)open, hidden.n};
    return true;
}
