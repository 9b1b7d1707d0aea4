#include "auth/keys.h"

#include "crypto/crypto.h"

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
static char *random_text(struct arena *a, str prefix, size_t length, const char *alphabet, u8 mask) {
    ASSERT(prefix.n < length && length <= 64);
    u8 bytes[64];
    random_bytes(bytes, sizeof bytes);
    char *text = arena_alloc(a, length, 1);
    memcpy(text, prefix.p, prefix.n);
    for (size_t i = prefix.n; i < length; i++) text[i] = alphabet[bytes[i] & mask];
    return text;
}

str access_key_of(struct arena *a, str prefix, str account) {
    static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    u64 number;
    ASSERT(prefix.n == 4 && is_account(account) && str_to_u64(account, &number));
    char *key = random_text(a, prefix, ACCESS_KEY_LENGTH, base32, 31);
    u64 bits = (1ull << 40 | number) << 4 | (u64)(key[12] & 15); /* nine characters of five bits */
    for (size_t i = 0; i < 9; i++) key[4 + i] = base32[bits >> (40 - 5 * i) & 31];
    return (str){key, ACCESS_KEY_LENGTH};
}

str access_key_account(struct arena *a, str access_key) {
    u64 bits = 0;
    if (access_key.n != ACCESS_KEY_LENGTH) return (str){0};
    for (size_t i = 4; i < 13; i++) {
        char c = access_key.p[i];
        bool letter = c >= 'A' && c <= 'Z', digit = c >= '2' && c <= '7';
        if (!letter && !digit) return (str){0};
        bits = bits << 5 | (u64)(letter ? c - 'A' : c - '2' + 26);
    }
    u64 number = bits >> 4 & ((1ull << 40) - 1); /* 45 bits: one, forty of the account, four of chance */
    if (number > 999999999999) return (str){0};
    return arena_format(a, "%012llu", (unsigned long long)number);
}

str access_key_new(struct arena *a, str prefix) { return access_key_of(a, prefix, S("000000000000")); }

str secret_key_new(struct arena *a) {
    const char *base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return (str){random_text(a, S(""), SECRET_KEY_LENGTH, base64, 63), SECRET_KEY_LENGTH};
}
