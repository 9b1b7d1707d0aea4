#include "cloud/key_use.h"

#include "crypto/crypto.h"
#include "gen/kms.h"

/* Rows: (the resource's service, account, region, "key-use", resource, principal) -> the data key under which that
 * principal seals, as KMS sealed it. They are of the transaction, so that no data key outlives a call that failed; what
 * KMS opened is kept in memory only. A role's sessions are one principal. */
struct use_row {
    str data_key;
    str asked;   /* as the customer wrote the key */
    str key_arn; /* what that was */
    i64 made_ms;
};
static const struct record_field use_fields[] = {
    RECORD_STR(1, struct use_row, data_key),
    RECORD_STR(2, struct use_row, asked),
    RECORD_I64(3, struct use_row, made_ms),
    RECORD_STR(5, struct use_row, key_arn),
};
static const struct record_type use_record = RECORD_TYPE(struct use_row, use_fields);

/* What is sealed says how it is opened, wherever it went since: a message moves to another queue. */
struct sealed {
    str resource, key_arn, data_key;
    str bytes; /* nonce | tag | AES-256-GCM */
};
static const struct record_field sealed_fields[] = {
    RECORD_STR(1, struct sealed, resource),
    RECORD_STR(2, struct sealed, key_arn),
    RECORD_STR(3, struct sealed, data_key),
    RECORD_STR(4, struct sealed, bytes),
};
static const struct record_type sealed_record = RECORD_TYPE(struct sealed, sealed_fields);

struct data_key {
    struct sealed envelope;
    struct aead *cipher;
};

static str row_of(struct call *c, str resource, str who) {
    struct arn arn;
    ASSERT(arn_parse(resource, &arn)); /* of a room's making */
    struct key k = key_new(c->arena, arn.service);
    key_str(&k, arn.account);
    key_str(&k, arn.region);
    key_str(&k, S("key-use"));
    key_str(&k, resource);
    if (who.p) key_str(&k, who);
    return key_bytes(&k);
}

static str caller_of(const struct call *c) { return c->principal->session_issuer.n ? c->principal->session_issuer : c->principal->arn; }

/* ---- KMS ---- */

/* No other room can be named here: it is found by its own name. */
static const struct service *kms_of(const struct call *c) {
    const struct service *s;
    for (size_t i = 0; (s = service_at(c, i)); i++)
        if (str_eq(wire_text(s->wire, s->wire->name), S("kms"))) return s;
    return NULL;
}

/* By its code: the constants of a room's errors are the room's. */
static err translate(struct call *c, err e, const struct key_use_errors *errors) {
    const struct {
        str code;
        err ours;
    } table[] = {
        {S("DisabledException"), errors->disabled},          {S("KMSInvalidStateException"), errors->invalid_state}, {S("NotFoundException"), errors->not_found},
        {S("AccessDeniedException"), errors->access_denied}, {S("AccessDenied"), errors->access_denied},             {S("InvalidKeyUsageException"), errors->invalid_usage},
    };
    str message = c->error_message;
    for (size_t i = 0; i < LENGTH(table); i++)
        if (str_eq(str_of(e->code), table[i].code)) return fail(c, table[i].ours, "%.*s", STR_ARGS(message));
    return e;
}

static err call_kms(struct call *c, const struct key_use *use, str resource, str key, u16 op, const void *in, void *out) {
    struct call_other kms = {.service = kms_of(c), .op = op, .as = use->by_service ? CALL_AS_SERVICE : CALL_FORWARDED, .source_arn = resource};
    struct arn arn;
    if (!kms.service) return &cloud_not_implemented;
    if (arn_parse(resource, &arn)) kms.region = arn.region; /* KMS knows no key of another region */
    if (arn_parse(key, &arn) || arn_parse(resource, &arn)) kms.account = arn.account; /* a bare id or alias is of the resource's account */
    err e = call_service(c, &kms, in, out);
    return e ? translate(c, e, use->errors) : NULL;
}

struct record_pairs key_use_arn_context(struct arena *a, const char *name, str resource) {
    struct record_pair *pair = NEW(a, struct record_pair);
    *pair = (struct record_pair){str_of(name), resource};
    return (struct record_pairs){pair, 1, true};
}

static struct kms_encryption_context_type context_of(struct call *c, const struct key_use *use, str resource) {
    struct record_pairs pairs = use->context(c->arena, resource);
    struct kms_encryption_context_type context = {.v = NEW_ARRAY(c->arena, struct kms_encryption_context_type_entry, pairs.n), .n = pairs.n, .set = true};
    for (u32 i = 0; i < pairs.n; i++) context.v[i] = (struct kms_encryption_context_type_entry){pairs.v[i].key, pairs.v[i].value};
    return context;
}

/* A data key, which the caller may have had opened within the period. A principal's name has no NUL; the caller wipes it. */
static err open_data_key(struct call *c, const struct key_use *use, const struct sealed *s, str *plain) {
    str name = arena_format(c->arena, "data key of %.*s%c%.*s", STR_ARGS(caller_of(c)), 0, STR_ARGS(hex_of(c->arena, s->data_key)));
    struct kms_decrypt_request in = {.ciphertext_blob = s->data_key, .encryption_context = context_of(c, use, s->resource)};
    struct kms_decrypt_response out = {0};
    if (use->reuse_ms && secret_kept(c, name, plain)) return NULL;
    TRY(call_kms(c, use, s->resource, s->key_arn, KMS_OP_DECRYPT, &in, &out));
    if (use->reuse_ms) secret_keep(c, name, out.plaintext, c->now_ms + use->reuse_ms);
    *plain = out.plaintext;
    return NULL;
}

static void wipe(str secret) { explicit_bzero((void *)(uintptr_t)secret.p, secret.n); }

static err cipher_of(struct call *c, const struct key_use *use, const struct sealed *s, struct aead **cipher) {
    str plain;
    TRY(open_data_key(c, use, s, &plain));
    ASSERT(plain.n == AEAD_KEY); /* of our making, and KMS vouches for it */
    *cipher = aead_new(c->arena, (const u8 *)plain.p);
    wipe(plain);
    return NULL;
}

/* ---- sealing ---- */

err key_use_make(struct call *c, const struct key_use *use, str resource, str key, struct resource_key *made) {
    struct kms_generate_data_key_request in = {.key_id = key, .key_spec = S("AES_256"), .encryption_context = context_of(c, use, resource)};
    struct kms_generate_data_key_response out = {0};
    TRY(call_kms(c, use, resource, key, KMS_OP_GENERATE_DATA_KEY, &in, &out));
    wipe(out.plaintext);
    *made = (struct resource_key){out.key_id, out.ciphertext_blob};
    return NULL;
}

static err renew(struct call *c, const struct key_use *use, str resource, str key, struct use_row *row) {
    struct resource_key made;
    TRY(key_use_make(c, use, resource, key, &made));
    *row = (struct use_row){.data_key = made.data_key, .asked = key, .key_arn = made.key_arn, .made_ms = c->now_ms};
    txn_put(c->txn, row_of(c, resource, caller_of(c)), record_encode(c->arena, &use_record, row));
    return NULL;
}

err key_use_to_seal(struct call *c, const struct key_use *use, str resource, str key, const struct data_key **made) {
    struct use_row row = {0};
    struct data_key *k = NEW(c->arena, struct data_key);
    str value;
    if (txn_get(c->txn, row_of(c, resource, caller_of(c)), &value)) ASSERT(record_decode(c->arena, &use_record, arena_str(c->arena, value), &row));
    bool still = row.key_arn.n && str_eq(row.asked, key) && c->now_ms < row.made_ms + use->reuse_ms;
    if (!still) TRY(renew(c, use, resource, key, &row));
    k->envelope = (struct sealed){.resource = resource, .key_arn = row.key_arn, .data_key = row.data_key};
    TRY(cipher_of(c, use, &k->envelope, &k->cipher)); /* a new one too: AWS has its producers check what they got */
    *made = k;
    return NULL;
}

str data_key_seal(struct call *c, const struct data_key *k, str plain) {
    struct sealed s = k->envelope;
    u8 *raw = arena_alloc(c->arena, AEAD_NONCE + AEAD_TAG + plain.n, 1);
    random_unique(raw, AEAD_NONCE);
    aead_seal(k->cipher, raw, s.resource, plain, raw + AEAD_NONCE + AEAD_TAG, raw + AEAD_NONCE);
    s.bytes = (str){(const char *)raw, AEAD_NONCE + AEAD_TAG + plain.n};
    return record_encode(c->arena, &sealed_record, &s);
}

static bool open_sealed(struct arena *a, struct aead *cipher, const struct sealed *s, str *plain) {
    const u8 *raw = (const u8 *)s->bytes.p;
    str hidden = str_skip(s->bytes, AEAD_NONCE + AEAD_TAG);
    u8 *open = arena_alloc(a, hidden.n + 1, 1);
    *plain = (str){(const char *)open, hidden.n};
    return aead_open(cipher, raw, s->resource, hidden, raw + AEAD_NONCE, open);
}

bool data_key_open(struct arena *a, const struct data_key *k, str sealed, str *plain) {
    struct sealed s = {0};
    bool ours = record_decode(a, &sealed_record, sealed, &s) && s.bytes.n >= AEAD_NONCE + AEAD_TAG && str_eq(s.data_key, k->envelope.data_key);
    return ours && open_sealed(a, k->cipher, &s, plain);
}

err key_use_open(struct call *c, const struct key_use *use, str sealed, str *plain) {
    struct sealed s = {0};
    struct aead *cipher;
    ASSERT(record_decode(c->arena, &sealed_record, sealed, &s) && s.bytes.n >= AEAD_NONCE + AEAD_TAG);
    TRY(cipher_of(c, use, &s, &cipher));
    if (!open_sealed(c->arena, cipher, &s, plain)) return fail(c, &cloud_internal_failure, "What was stored does not open with its data key.");
    return NULL;
}

err key_use_again(struct call *c, const struct key_use *use, str sealed, const struct data_key **key) {
    struct data_key *k = NEW(c->arena, struct data_key);
    ASSERT(record_decode(c->arena, &sealed_record, sealed, &k->envelope));
    TRY(cipher_of(c, use, &k->envelope, &k->cipher));
    *key = k;
    return NULL;
}

/* ---- a resource's own data key ---- */

err key_use_check(struct call *c, const struct key_use *use, str resource, const struct resource_key *k) {
    str plain;
    TRY(open_data_key(c, use, &(struct sealed){.resource = resource, .key_arn = k->key_arn, .data_key = k->data_key}, &plain));
    wipe(plain);
    return NULL;
}

err key_use_ready(struct call *c, const struct key_use *use, str resource, const struct resource_key *k, const struct data_key **ready) {
    struct data_key *made = NEW(c->arena, struct data_key);
    made->envelope = (struct sealed){.resource = resource, .key_arn = k->key_arn, .data_key = k->data_key};
    TRY(cipher_of(c, use, &made->envelope, &made->cipher));
    *ready = made;
    return NULL;
}

err key_use_grant(struct call *c, const struct key_use *use, str resource, str key_arn, str *grant_id) {
    static const char *const operations[] = {"DescribeKey", "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "RetireGrant"};
    str names[LENGTH(operations)], service = arena_format(c->arena, "%s.amazonaws.com", c->service->wire->text + c->service->wire->signing_name);
    struct kms_grant_constraints constraints = {.encryption_context_subset = context_of(c, use, resource)};
    struct kms_create_grant_request in = {.key_id = key_arn, .grantee_service_principal = service, .retiring_service_principal = service, .constraints = &constraints,
                                          .operations = {.v = names, .n = LENGTH(names), .set = true}};
    struct kms_create_grant_response out = {0};
    for (size_t i = 0; i < LENGTH(operations); i++) names[i] = str_of(operations[i]);
    TRY(call_kms(c, use, resource, key_arn, KMS_OP_CREATE_GRANT, &in, &out));
    *grant_id = out.grant_id;
    return NULL;
}

/* A key that is gone has no grants; one that cannot be asked keeps it, and it says nothing without the resource. */
void key_use_retire(struct call *c, const struct key_use *use, str resource, str key_arn, str grant_id) {
    struct key_use own = *use;
    struct kms_retire_grant_request in = {.key_id = key_arn, .grant_id = grant_id};
    struct wire_unit out;
    own.by_service = true;
    if (call_kms(c, &own, resource, key_arn, KMS_OP_RETIRE_GRANT, &in, &out)) c->error_message = (str){0};
}

void key_use_forget(struct call *c, str resource) {
    enum { AT_ONCE = 1000 };
    str from = row_of(c, resource, (str){0}), key;
    struct range r = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    for (u32 n = 0; n < AT_ONCE && range_next(&r, &key, NULL); n++) txn_delete(c->txn, arena_str(c->arena, key));
}
