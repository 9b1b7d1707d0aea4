/* A ciphertext of a symmetric key, format 1:
 *
 *   1   the format
 *   6   the account's number, big-endian
 *   17  the key's id: 0 (UUID) or 1 (multi-region), its 16 bytes
 *   32  the id of the material
 *   16  salt
 *   12  nonce
 *   16  tag
 *       the plaintext, sealed
 *
 * AES-256-GCM under HMAC-SHA256(material, label | salt): each blob has a key of its own, so that random nonces
 * never meet. The head up to the nonce and the encryption context, sorted, are its associated data. */
#include "kms.h"

#include "crypto/crypto.h"

enum { FORMAT = 1, ACCOUNT_AT = 1, KEY_AT = 7, MATERIAL_AT = 24, SALT_AT = 56, NONCE_AT = 72, TAG_AT = 84, HEAD = 100, CONTEXT_MAX = 8192 };

/* ---- the head ---- */

static void put_key_id(u8 *at, str id) {
    char digits[32];
    size_t n = 0;
    bool multi = str_starts(id, S("mrk-"));
    str rest = multi ? str_skip(id, 4) : id;
    for (size_t i = 0; i < rest.n && n < sizeof digits; i++)
        if (rest.p[i] != '-') digits[n++] = rest.p[i];
    at[0] = multi;
    ASSERT(n == sizeof digits && hex_decode((str){digits, n}, at + 1));
}

static str get_key_id(struct arena *a, const u8 *at) {
    str hex = hex_of(a, (str){(const char *)at + 1, 16});
    if (at[0]) return arena_concat(a, S("mrk-"), hex);
    return arena_format(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12, hex.p + 16, hex.p + 20);
}

static void put_head(u8 *blob, const struct kms_key *k, str material_id) {
    u64 account = 0;
    ASSERT(str_to_u64(k->account, &account));
    blob[0] = FORMAT;
    for (int i = 0; i < 6; i++) blob[ACCOUNT_AT + i] = (u8)(account >> (40 - 8 * i));
    put_key_id(blob + KEY_AT, k->id);
    ASSERT(material_id.n == MATERIAL_ID && hex_decode(material_id, blob + MATERIAL_AT));
}

bool kms_ciphertext_head(struct arena *a, str blob, struct kms_ciphertext_head *head) {
    const u8 *p = (const u8 *)blob.p;
    u64 account = 0;
    if (blob.n < HEAD || p[0] != FORMAT || p[KEY_AT] > 1) return false;
    for (int i = 0; i < 6; i++) account = account << 8 | p[ACCOUNT_AT + i];
    if (account > 999999999999) return false;
    head->account = arena_format(a, "%012llu", (unsigned long long)account);
    head->key_id = get_key_id(a, p + KEY_AT);
    head->material_id = hex_of(a, (str){blob.p + MATERIAL_AT, 32});
    return true;
}

/* ---- the encryption context ---- */

static size_t context_bytes(const struct kms_encryption_context_type *context) {
    size_t n = 0;
    for (u32 i = 0; i < context->n; i++) n += context->v[i].key.n + context->v[i].value.n;
    return n;
}

err kms_context_check(struct call *c, const struct kms_encryption_context_type *context) {
    if (context_bytes(context) <= CONTEXT_MAX) return NULL;
    return fail(c, &cloud_validation, "EncryptionContext is too large: it must be at most %d bytes.", CONTEXT_MAX);
}

/* Order does not matter, all else does. Each part with its length before it. */
static str associated_data(struct call *c, const u8 *blob, const struct kms_encryption_context_type *context) {
    struct buf b = buf_new(c->arena, 64 << 10);
    u32 *order = NEW_ARRAY(c->arena, u32, context->n + 1);
    for (u32 i = 0; i < context->n; i++) {
        u32 at = i;
        for (; at && str_cmp(context->v[order[at - 1]].key, context->v[i].key) > 0; at--) order[at] = order[at - 1];
        order[at] = i;
    }
    buf_add(&b, (str){(const char *)blob, NONCE_AT});
    for (u32 i = 0; i < context->n; i++) {
        str key = context->v[order[i]].key, value = context->v[order[i]].value;
        buf_format(&b, "%zu:%zu:", key.n, value.n);
        buf_add(&b, key);
        buf_add(&b, value);
    }
    ASSERT(!b.over);
    return buf_str(&b);
}

/* ---- sealing ---- */

static struct aead *cipher_of(struct call *c, str material, const u8 *salt) {
    static const char label[] = "brume kms ciphertext 1";
    u8 key[AEAD_KEY], message[sizeof label - 1 + 16];
    memcpy(message, label, sizeof label - 1);
    memcpy(message + sizeof label - 1, salt, 16);
    hmac_sha256(material, (str){(char *)message, sizeof message}, key);
    struct aead *cipher = aead_new(c->arena, key);
    explicit_bzero(key, sizeof key);
    return cipher;
}

str kms_ciphertext_seal(struct call *c, const struct kms_key *k, const struct kms_encryption_context_type *context, str plain, str *material_id) {
    struct kms_material m;
    str material;
    ASSERT(kms_material_current(c, k, &m) && kms_material_open(c, k, &m, &material)); /* the key is enabled: it has material */
    u8 *blob = arena_alloc(c->arena, HEAD + plain.n, 1);
    put_head(blob, k, m.id);
    random_bytes(blob + SALT_AT, TAG_AT - SALT_AT); /* and the nonce */
    struct aead *cipher = cipher_of(c, material, blob + SALT_AT);
    kms_wipe(material);
    aead_seal(cipher, blob + NONCE_AT, associated_data(c, blob, context), plain, blob + HEAD, blob + TAG_AT);
    *material_id = m.id;
    return (str){(char *)blob, HEAD + plain.n};
}

err kms_ciphertext_open(struct call *c, const struct kms_key *k, const struct kms_encryption_context_type *context, str blob, str *plain, str *material_id) {
    struct kms_ciphertext_head head;
    struct kms_material m;
    str material;
    if (!kms_ciphertext_head(c->arena, blob, &head) || !kms_material_find(c, k, head.material_id, &m)) return &kms_invalid_ciphertext_exception;
    if (!kms_material_open(c, k, &m, &material)) return fail(c, &kms_kms_invalid_state_exception, "%.*s is pending import.", STR_ARGS(k->arn));
    const u8 *p = (const u8 *)blob.p;
    struct aead *cipher = cipher_of(c, material, p + SALT_AT);
    kms_wipe(material);
    str sealed = str_skip(blob, HEAD);
    u8 *out = arena_alloc(c->arena, sealed.n + 1, 1);
    if (!aead_open(cipher, p + NONCE_AT, associated_data(c, p, context), sealed, p + TAG_AT, out)) return &kms_invalid_ciphertext_exception;
    *plain = (str){(char *)out, sealed.n};
    *material_id = m.id;
    return NULL;
}
