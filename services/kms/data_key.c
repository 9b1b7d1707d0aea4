/* Data keys and pairs, with and without their plaintext, and random bytes. */
#include "kms.h"

#include "crypto/crypto.h"

/* The symmetric key under which a data key is sealed. */
static err open_sealing(struct call *c, str key_id, struct kms_key *k) {
    TRY(kms_key_open(c, key_id, OPEN_ALIAS | OPEN_FOREIGN, k));
    TRY(kms_key_check_state(c, k));
    TRY(kms_key_check_usage(c, k, "ENCRYPT_DECRYPT"));
    if (str_eq(k->spec, S("SYMMETRIC_DEFAULT"))) return NULL;
    return fail(c, &kms_invalid_key_usage_exception, "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec %.*s.", STR_ARGS(k->spec));
}

static err random_key(struct call *c, struct opt_i32 bytes, str spec, str *key) {
    if (bytes.set == (spec.p != NULL)) return fail(c, &cloud_validation, "Please specify either number of bytes or key spec.");
    size_t n = bytes.set ? (size_t)bytes.v : str_eq(spec, S("AES_256")) ? 32 : 16;
    u8 *p = arena_alloc(c->arena, n, 1);
    random_bytes(p, n);
    *key = (str){(char *)p, n};
    return NULL;
}

err kms_generate_data_key(struct call *c, const struct kms_generate_data_key_request *in, struct kms_generate_data_key_response *out) {
    struct kms_key k;
    TRY(open_sealing(c, in->key_id, &k));
    TRY(kms_context_check(c, &in->encryption_context));
    TRY(kms_no_recipient(c, in->recipient));
    TRY(random_key(c, in->number_of_bytes, in->key_spec, &out->plaintext));
    TRY(kms_dry_run(c, in->dry_run));
    out->ciphertext_blob = kms_ciphertext_seal(c, &k, &in->encryption_context, out->plaintext, &out->key_material_id);
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

err kms_generate_data_key_without_plaintext(struct call *c, const struct kms_generate_data_key_without_plaintext_request *in,
                                            struct kms_generate_data_key_without_plaintext_response *out) {
    struct kms_key k;
    str plain;
    TRY(open_sealing(c, in->key_id, &k));
    TRY(kms_context_check(c, &in->encryption_context));
    TRY(random_key(c, in->number_of_bytes, in->key_spec, &plain));
    TRY(kms_dry_run(c, in->dry_run));
    out->ciphertext_blob = kms_ciphertext_seal(c, &k, &in->encryption_context, plain, &out->key_material_id);
    kms_wipe(plain);
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

/* ---- pairs ---- */

static err new_pair(struct call *c, str name, struct keypair **pair) {
    const struct key_spec *spec = kms_spec_find(name);
    if (!spec || !kms_spec_is_asymmetric(spec))
        return fail(c, &kms_unsupported_operation_exception, "KeyPairSpec %.*s is not supported in this region.", STR_ARGS(name));
    *pair = keypair_generate(c->arena, spec->keypair);
    return NULL;
}

err kms_generate_data_key_pair(struct call *c, const struct kms_generate_data_key_pair_request *in, struct kms_generate_data_key_pair_response *out) {
    struct kms_key k;
    struct keypair *pair;
    TRY(open_sealing(c, in->key_id, &k));
    TRY(kms_context_check(c, &in->encryption_context));
    TRY(kms_no_recipient(c, in->recipient));
    TRY(kms_dry_run(c, in->dry_run));
    TRY(new_pair(c, in->key_pair_spec, &pair));
    out->private_key_plaintext = keypair_private(c->arena, pair);
    out->private_key_ciphertext_blob = kms_ciphertext_seal(c, &k, &in->encryption_context, out->private_key_plaintext, &out->key_material_id);
    out->public_key = keypair_public(c->arena, pair);
    out->key_pair_spec = in->key_pair_spec;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

err kms_generate_data_key_pair_without_plaintext(struct call *c, const struct kms_generate_data_key_pair_without_plaintext_request *in,
                                                 struct kms_generate_data_key_pair_without_plaintext_response *out) {
    struct kms_key k;
    struct keypair *pair;
    TRY(open_sealing(c, in->key_id, &k));
    TRY(kms_context_check(c, &in->encryption_context));
    TRY(kms_dry_run(c, in->dry_run));
    TRY(new_pair(c, in->key_pair_spec, &pair));
    str private = keypair_private(c->arena, pair);
    out->private_key_ciphertext_blob = kms_ciphertext_seal(c, &k, &in->encryption_context, private, &out->key_material_id);
    kms_wipe(private);
    out->public_key = keypair_public(c->arena, pair);
    out->key_pair_spec = in->key_pair_spec;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

/* ---- random bytes ---- */

err kms_generate_random(struct call *c, const struct kms_generate_random_request *in, struct kms_generate_random_response *out) {
    TRY(kms_no_recipient(c, in->recipient));
    if (in->custom_key_store_id.p) return fail(c, &kms_custom_key_store_not_found_exception, "There is no custom key store: they come with CloudHSM.");
    if (!in->number_of_bytes.set) return fail(c, &cloud_validation, "NumberOfBytes is required.");
    return random_key(c, in->number_of_bytes, (str){0}, &out->plaintext);
}
