/* nonce (12) | tag (16) | sealed payload, in base64url. The scope is the associated data. Nonces are
 * random: 96 bits under one key bear far more tokens than a cloud will write. */
#include "auth/token.h"

#include "base/encode.h"
#include "crypto/crypto.h"

struct sealer {
    struct aead *aead;
};

struct sealer *sealer_new(struct arena *a, str root_key) {
    ASSERT(root_key.n == AEAD_KEY);
    u8 key[AEAD_KEY];
    hmac_sha256(root_key, S("brume token sealing 1"), key);
    struct sealer *s = NEW(a, struct sealer);
    s->aead = aead_new(a, key);
    explicit_bzero(key, sizeof key);
    return s;
}

/* Each part with its length before it, so that no two scopes look alike. */
static str associated_data(const struct token_scope *scope, struct arena *a) {
    return arena_format(a, "%zu:%.*s%zu:%.*s%zu:%.*s", scope->kind.n, STR_ARGS(scope->kind), scope->account.n,
                        STR_ARGS(scope->account), scope->operation.n, STR_ARGS(scope->operation));
}

static void swap_digits(char *text, size_t n, const char *from, const char *to) {
    for (size_t i = 0; i < n; i++) {
        if (text[i] == from[0]) text[i] = to[0];
        else if (text[i] == from[1]) text[i] = to[1];
    }
}

str token_seal(struct sealer *s, const struct token_scope *scope, str payload, struct arena *a) {
    size_t n = AEAD_NONCE + AEAD_TAG + payload.n;
    ASSERT(n / 3 * 4 + 4 <= TOKEN_MAX);
    u8 *raw = arena_alloc(a, n, 1);
    random_unique(raw, AEAD_NONCE);
    aead_seal(s->aead, raw, associated_data(scope, a), payload, raw + AEAD_NONCE + AEAD_TAG, raw + AEAD_NONCE);
    struct buf b = buf_new(a, TOKEN_MAX);
    buf_base64(&b, (str){(char *)raw, n});
    while (b.n && b.p[b.n - 1] == '=') b.n--;
    swap_digits(b.p, b.n, "+/", "-_");
    return buf_str(&b);
}

bool token_open(struct sealer *s, const struct token_scope *scope, str token, struct arena *a, str *payload) {
    str raw;
    if (token.n > TOKEN_MAX || !base64url_decode(a, token, &raw) || raw.n < AEAD_NONCE + AEAD_TAG) return false;
    const u8 *bytes = (const u8 *)raw.p;
    str sealed = str_skip(raw, AEAD_NONCE + AEAD_TAG);
    u8 *plain = arena_alloc(a, sealed.n + 1, 1);
    if (!aead_open(s->aead, bytes, associated_data(scope, a), sealed, bytes + AEAD_NONCE, plain)) return false;
    *payload = (str){(char *)plain, sealed.n};
    return true;
}
