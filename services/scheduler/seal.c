/* Inputs under a key of KMS: sealed with a data key when a schedule is set, opened by who may use that key. */
#include "scheduler.h"

#include "crypto/crypto.h"
#include "gen/kms.h"

static void context_of(struct call *c, str schedule_arn, struct kms_encryption_context_type *context) {
    context->v = NEW_ARRAY(c->arena, struct kms_encryption_context_type_entry, 1);
    context->v[0] = (struct kms_encryption_context_type_entry){S("aws:scheduler:schedule:arn"), schedule_arn};
    context->n = 1;
    context->set = true;
}

static err key_service(struct call *c, str key, struct call_other *kms) {
    struct arn arn;
    ASSERT(arn_parse(key, &arn)); /* the description has its form */
    if (!str_eq(arn.region, c->region)) return fail(c, &scheduler_validation_exception, "The KMS key must be of the schedule's own Region.");
    kms->service = &kms_service;
    kms->account = arn.account;
    kms->region = arn.region;
    return NULL;
}

static err refused(struct call *c) {
    str why = arena_str(c->arena, c->error_message);
    return fail(c, &scheduler_validation_exception, "The KMS key can't be used: %.*s", STR_ARGS(why));
}

/* nonce | tag | ciphertext. The key serves once: the nonce need not be random. */
err input_seal(struct call *c, str schedule_arn, str key, struct target *t) {
    struct call_other kms = {.op = KMS_OP_GENERATE_DATA_KEY, .as = CALL_FORWARDED, .source_arn = schedule_arn};
    struct kms_generate_data_key_request in = {.key_id = key, .key_spec = S("AES_256")};
    struct kms_generate_data_key_response out;
    context_of(c, schedule_arn, &in.encryption_context);
    TRY(key_service(c, key, &kms));
    if (call_service(c, &kms, &in, &out)) return refused(c);
    t->data_key = out.ciphertext_blob;
    t->key_arn = key;
    if (!t->input.p) return NULL;
    ASSERT(out.plaintext.n == AEAD_KEY);
    size_t n = AEAD_NONCE + AEAD_TAG + t->input.n;
    u8 *raw = arena_alloc(c->arena, n, 1);
    aead_seal(aead_new(c->arena, (const u8 *)out.plaintext.p), raw, schedule_arn, t->input, raw + AEAD_NONCE + AEAD_TAG, raw + AEAD_NONCE);
    t->input = (str){(char *)raw, n};
    return NULL;
}

err input_open(struct call *c, str schedule_arn, const struct target *t, str role, str *input) {
    struct call_other kms = {.op = KMS_OP_DECRYPT, .as = role.p ? CALL_AS_ROLE : CALL_FORWARDED, .source_arn = schedule_arn, .role_arn = role};
    struct kms_decrypt_request in = {.ciphertext_blob = t->data_key, .key_id = t->key_arn, .encryption_algorithm = S("SYMMETRIC_DEFAULT")};
    struct kms_decrypt_response out;
    *input = t->input;
    if (!t->data_key.p || !t->input.p) return NULL;
    context_of(c, schedule_arn, &in.encryption_context);
    TRY(key_service(c, t->key_arn, &kms));
    TRY(call_service(c, &kms, &in, &out));
    ASSERT(out.plaintext.n == AEAD_KEY && t->input.n >= AEAD_NONCE + AEAD_TAG);
    const u8 *raw = (const u8 *)t->input.p;
    str hidden = str_skip(t->input, AEAD_NONCE + AEAD_TAG);
    u8 *open = arena_alloc(c->arena, hidden.n + 1, 1);
    ASSERT(aead_open(aead_new(c->arena, (const u8 *)out.plaintext.p), raw, schedule_arn, hidden, raw + AEAD_NONCE, open)); /* our own row */
    *input = (str){(char *)open, hidden.n};
    return NULL;
}
