#include "auth/keys.h"

#include "crypto/crypto.h"

bool auth_find_key(const struct auth_keys *sources, size_t n, str access_key, struct arena *a,
                   struct auth_key *key) {
    for (size_t i = 0; i < n; i++)
        if (sources[i].find(sources[i].context, access_key, a, key)) return true;
    return false;
}

static bool is_account(str s) {
    if (s.n != 12) return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    return true;
}

bool auth_builtin_key(str access_key, struct arena *a, struct auth_key *key) {
    str account = is_account(access_key) ? access_key : S("000000000000");
    if (!is_account(access_key) && !str_eq(access_key, S("test"))) return false;
    *key = (struct auth_key){
        .access_key = arena_str(a, access_key),
        .secret = S("test"),
        .principal = principal_root(a, account, access_key),
    };
    return true;
}

/* Five or six random bits a character: no modulo, so no bias. */
static str random_text(struct arena *a, str prefix, size_t length, const char *alphabet, u8 mask) {
    ASSERT(prefix.n < length && length <= 64);
    u8 bytes[64];
    random_bytes(bytes, sizeof bytes);
    char *text = arena_alloc(a, length, 1);
    memcpy(text, prefix.p, prefix.n);
    for (size_t i = prefix.n; i < length; i++) text[i] = alphabet[bytes[i] & mask];
    return (str){text, length};
}

str access_key_new(struct arena *a, str prefix) {
    ASSERT(prefix.n == 4);
    return random_text(a, prefix, ACCESS_KEY_LENGTH, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 31);
}

str secret_key_new(struct arena *a) {
    return random_text(a, S(""), SECRET_KEY_LENGTH, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 63);
}
