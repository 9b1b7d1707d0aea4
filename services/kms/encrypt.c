/* Encrypt, Decrypt, ReEncrypt. */
#include "kms.h"

static err check_algorithm(struct call *c, const struct kms_key *k, str name, const struct key_algorithm **algorithm) {
    *algorithm = kms_algorithm_find(USAGE_ENCRYPT, name.p ? name : S("SYMMETRIC_DEFAULT"));
    if (*algorithm && kms_algorithm_fits(*algorithm, kms_spec_find(k->spec))) return NULL;
    str shown = name.p ? name : S("SYMMETRIC_DEFAULT");
    return fail(c, &kms_invalid_key_usage_exception, "Algorithm %.*s is incompatible with key spec %.*s.", STR_ARGS(shown), STR_ARGS(k->spec));
}

err kms_no_recipient(struct call *c, const struct kms_recipient_info *recipient) {
    if (!recipient) return NULL;
    return fail(c, &kms_unsupported_operation_exception, "There are no Nitro enclaves here whose attestation could be checked.");
}

static err seal_with(struct call *c, const struct kms_key *k, const struct key_algorithm *algorithm, const struct kms_encryption_context_type *context, str plain,
                     str *sealed, str *material_id) {
    if (algorithm->family == FAMILY_SYMMETRIC) {
        TRY(kms_context_check(c, context));
        *sealed = kms_ciphertext_seal(c, k, context, plain, material_id);
        return NULL;
    }
    if (context->n) return fail(c, &cloud_validation, "EncryptionContext is not supported for asymmetric keys.");
    size_t modulus = str_eq(k->spec, S("RSA_2048")) ? 256 : str_eq(k->spec, S("RSA_3072")) ? 384 : 512;
    size_t most = modulus - 2 * hash_size(algorithm->hash) - 2;
    if (plain.n > most)
        return fail(c, &cloud_validation, "Algorithm %s and key spec %.*s cannot encrypt data larger than %zu bytes.", algorithm->name, STR_ARGS(k->spec), most);
    ASSERT(keypair_encrypt(c->arena, keypair_read_public(c->arena, k->public_key), algorithm->hash, plain, sealed));
    return NULL;
}

err kms_encrypt(struct call *c, const struct kms_encrypt_request *in, struct kms_encrypt_response *out) {
    struct kms_key k;
    const struct key_algorithm *algorithm;
    str material_id;
    TRY(kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, &k));
    TRY(kms_key_check_state(c, &k));
    TRY(kms_key_check_usage(c, &k, "ENCRYPT_DECRYPT"));
    TRY(check_algorithm(c, &k, in->encryption_algorithm, &algorithm));
    TRY(kms_dry_run(c, in->dry_run));
    TRY(seal_with(c, &k, algorithm, &in->encryption_context, in->plaintext, &out->ciphertext_blob, &material_id));
    out->key_id = k.arn;
    out->encryption_algorithm = str_of(algorithm->name);
    kms_key_used(c, &k);
    return NULL;
}

/* ---- opening ---- */

static err nowhere(struct call *c) {
    return fail(c, &cloud_access_denied,
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.");
}

/* A symmetric ciphertext says which key made it; who names a key must name that one. */
err kms_ciphertext_key(struct call *c, str blob, str key_id, str algorithm, struct kms_key *k) {
    struct kms_ciphertext_head head;
    bool symmetric = !algorithm.p || str_eq(algorithm, S("SYMMETRIC_DEFAULT"));
    if (key_id.p) TRY(kms_key_open(c, key_id, OPEN_ALIAS | OPEN_FOREIGN, k));
    if (key_id.p && (!symmetric || !str_eq(k->spec, S("SYMMETRIC_DEFAULT")))) return NULL;
    if (!symmetric) return fail(c, &cloud_validation, "KeyId is required for asymmetric keys.");
    if (!kms_ciphertext_head(c->arena, blob, &head)) return &kms_invalid_ciphertext_exception;
    if (key_id.p && !(str_eq(k->id, head.key_id) && str_eq(k->account, head.account)))
        return fail(c, &kms_incorrect_key_exception, "The key ID in the request does not identify a CMK that can perform this operation.");
    if (!key_id.p && !kms_key_load(c->txn, c->arena, head.account, c->region, head.key_id, k)) return nowhere(c);
    return NULL;
}

static err open_with(struct call *c, const struct kms_key *k, const struct key_algorithm *algorithm, const struct kms_encryption_context_type *context, str blob,
                     str *plain, str *material_id) {
    if (algorithm->family == FAMILY_SYMMETRIC) {
        TRY(kms_context_check(c, context));
        return kms_ciphertext_open(c, k, context, blob, plain, material_id);
    }
    return keypair_decrypt(c->arena, kms_material_keypair(c, k), algorithm->hash, blob, plain) ? NULL : &kms_invalid_ciphertext_exception;
}

err kms_decrypt(struct call *c, const struct kms_decrypt_request *in, struct kms_decrypt_response *out) {
    struct kms_key k;
    const struct key_algorithm *algorithm;
    if (!in->ciphertext_blob.p) return fail(c, &cloud_validation, "CiphertextBlob is required.");
    TRY(kms_ciphertext_key(c, in->ciphertext_blob, in->key_id, in->encryption_algorithm, &k));
    TRY(kms_key_check_state(c, &k));
    TRY(kms_key_check_usage(c, &k, "ENCRYPT_DECRYPT"));
    TRY(check_algorithm(c, &k, in->encryption_algorithm, &algorithm));
    TRY(kms_no_recipient(c, in->recipient));
    TRY(kms_dry_run(c, in->dry_run));
    TRY(open_with(c, &k, algorithm, &in->encryption_context, in->ciphertext_blob, &out->plaintext, &out->key_material_id));
    out->key_id = k.arn;
    out->encryption_algorithm = str_of(algorithm->name);
    kms_key_used(c, &k);
    return NULL;
}

err kms_re_encrypt(struct call *c, const struct kms_re_encrypt_request *in, struct kms_re_encrypt_response *out) {
    struct kms_key from, to;
    const struct key_algorithm *opens, *seals;
    str plain;
    if (!in->ciphertext_blob.p) return fail(c, &cloud_validation, "CiphertextBlob is required.");
    TRY(kms_ciphertext_key(c, in->ciphertext_blob, in->source_key_id, in->source_encryption_algorithm, &from));
    TRY(kms_key_open(c, in->destination_key_id, OPEN_ALIAS | OPEN_FOREIGN, &to));
    TRY(kms_key_check_state(c, &from));
    TRY(kms_key_check_state(c, &to));
    TRY(kms_key_check_usage(c, &from, "ENCRYPT_DECRYPT"));
    TRY(kms_key_check_usage(c, &to, "ENCRYPT_DECRYPT"));
    TRY(check_algorithm(c, &from, in->source_encryption_algorithm, &opens));
    TRY(check_algorithm(c, &to, in->destination_encryption_algorithm, &seals));
    TRY(kms_dry_run(c, in->dry_run));
    TRY(open_with(c, &from, opens, &in->source_encryption_context, in->ciphertext_blob, &plain, &out->source_key_material_id));
    err e = seal_with(c, &to, seals, &in->destination_encryption_context, plain, &out->ciphertext_blob, &out->destination_key_material_id);
    kms_wipe(plain);
    if (e) return e;
    out->source_key_id = from.arn;
    out->key_id = to.arn;
    out->source_encryption_algorithm = str_of(opens->name);
    out->destination_encryption_algorithm = str_of(seals->name);
    kms_key_used(c, &from);
    kms_key_used(c, &to);
    return NULL;
}
