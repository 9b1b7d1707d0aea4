/* Signatures, MACs, shared secrets, and the public key that others check them with. */
#include "kms.h"

/* ---- Sign, Verify ---- */

struct signing { /* what both operations say */
    str key_id, message, message_type, algorithm;
    struct opt_bool dry_run;
};

/* The key, the algorithm, and what is signed: a digest, or the message itself. */
static err begin(struct call *c, const struct signing *in, struct kms_key *k, const struct key_algorithm **algorithm, str *signed_bytes) {
    TRY(kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, k));
    TRY(kms_key_check_state(c, k));
    TRY(kms_key_check_usage(c, k, "SIGN_VERIFY"));
    const struct key_algorithm *found = *algorithm = kms_algorithm_find(USAGE_SIGN, in->algorithm);
    if (!found || !kms_algorithm_fits(found, kms_spec_find(k->spec)))
        return fail(c, &kms_invalid_key_usage_exception, "Algorithm %.*s is incompatible with key spec %.*s.", STR_ARGS(in->algorithm), STR_ARGS(k->spec));
    *signed_bytes = in->message;
    bool is_digest = str_eq(in->message_type, S("DIGEST"));
    if (str_eq(in->message_type, S("EXTERNAL_MU")) || (is_digest && found->family == FAMILY_EDWARDS))
        return fail(c, &cloud_validation, "MessageType %.*s is not valid for algorithm %s.", STR_ARGS(in->message_type), found->name);
    if (is_digest && in->message.n != hash_size(found->hash)) return fail(c, &cloud_validation, "Digest is invalid length for algorithm %s.", found->name);
    if (!is_digest && found->family != FAMILY_EDWARDS) {
        u8 *digest = arena_alloc(c->arena, HASH_MAX, 1);
        *signed_bytes = (str){(char *)digest, hash_once(found->hash, in->message, digest)};
    }
    return kms_dry_run(c, in->dry_run);
}

err kms_sign(struct call *c, const struct kms_sign_request *in, struct kms_sign_response *out) {
    struct kms_key k;
    const struct key_algorithm *algorithm;
    str bytes;
    struct signing what = {in->key_id, in->message, in->message_type, in->signing_algorithm, in->dry_run};
    TRY(begin(c, &what, &k, &algorithm, &bytes));
    out->signature = keypair_sign(c->arena, kms_material_keypair(c, &k), algorithm->scheme, algorithm->hash, bytes);
    out->signing_algorithm = in->signing_algorithm;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

err kms_verify(struct call *c, const struct kms_verify_request *in, struct kms_verify_response *out) {
    struct kms_key k;
    const struct key_algorithm *algorithm;
    str bytes;
    struct signing what = {in->key_id, in->message, in->message_type, in->signing_algorithm, in->dry_run};
    TRY(begin(c, &what, &k, &algorithm, &bytes));
    if (!keypair_verify(keypair_read_public(c->arena, k.public_key), algorithm->scheme, algorithm->hash, bytes, in->signature))
        return &kms_kms_invalid_signature_exception;
    out->signature_valid = SOME_BOOL(true);
    out->signing_algorithm = in->signing_algorithm;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

/* ---- GenerateMac, VerifyMac ---- */

static err compute_mac(struct call *c, str key_id, str name, str message, struct opt_bool dry, struct kms_key *k, str *mac) {
    TRY(kms_key_open(c, key_id, OPEN_ALIAS | OPEN_FOREIGN, k));
    TRY(kms_key_check_state(c, k));
    TRY(kms_key_check_usage(c, k, "GENERATE_VERIFY_MAC"));
    const struct key_algorithm *algorithm = kms_algorithm_find(USAGE_MAC, name);
    if (!algorithm || !kms_algorithm_fits(algorithm, kms_spec_find(k->spec)))
        return fail(c, &kms_invalid_key_usage_exception, "Algorithm %.*s is incompatible with key spec %.*s.", STR_ARGS(name), STR_ARGS(k->spec));
    TRY(kms_dry_run(c, dry));
    struct kms_material m;
    str secret;
    ASSERT(kms_material_current(c, k, &m) && kms_material_open(c, k, &m, &secret)); /* the key is enabled: it has material */
    u8 *out = arena_alloc(c->arena, HASH_MAX, 1);
    *mac = (str){(char *)out, hmac_once_of(algorithm->hash, secret, message, out)};
    kms_wipe(secret);
    return NULL;
}

err kms_generate_mac(struct call *c, const struct kms_generate_mac_request *in, struct kms_generate_mac_response *out) {
    struct kms_key k;
    TRY(compute_mac(c, in->key_id, in->mac_algorithm, in->message, in->dry_run, &k, &out->mac));
    out->mac_algorithm = in->mac_algorithm;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

err kms_verify_mac(struct call *c, const struct kms_verify_mac_request *in, struct kms_verify_mac_response *out) {
    struct kms_key k;
    str mac;
    TRY(compute_mac(c, in->key_id, in->mac_algorithm, in->message, in->dry_run, &k, &mac));
    if (!str_eq_constant_time(mac, in->mac)) return &kms_kms_invalid_mac_exception;
    out->mac_valid = SOME_BOOL(true);
    out->mac_algorithm = in->mac_algorithm;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

/* ---- DeriveSharedSecret, GetPublicKey ---- */

err kms_derive_shared_secret(struct call *c, const struct kms_derive_shared_secret_request *in, struct kms_derive_shared_secret_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, &k));
    TRY(kms_key_check_state(c, &k));
    TRY(kms_key_check_usage(c, &k, "KEY_AGREEMENT"));
    TRY(kms_no_recipient(c, in->recipient));
    struct keypair *peer = keypair_read_public(c->arena, in->public_key);
    if (!peer || keypair_kind(peer) != kms_spec_find(k.spec)->keypair) return &cloud_validation;
    TRY(kms_dry_run(c, in->dry_run));
    if (!keypair_agree(c->arena, kms_material_keypair(c, &k), peer, &out->shared_secret)) return &cloud_validation;
    out->key_agreement_algorithm = in->key_agreement_algorithm;
    out->key_origin = k.origin;
    out->key_id = k.arn;
    kms_key_used(c, &k);
    return NULL;
}

err kms_get_public_key(struct call *c, const struct kms_get_public_key_request *in, struct kms_get_public_key_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, &k));
    TRY(kms_key_check_state(c, &k));
    if (!kms_spec_is_asymmetric(kms_spec_find(k.spec)))
        return fail(c, &kms_unsupported_operation_exception, "%.*s key spec is %.*s which is not valid for GetPublicKey.", STR_ARGS(k.arn), STR_ARGS(k.spec));
    struct kms_key_metadata *m = kms_key_metadata(c, &k);
    out->key_id = k.arn;
    out->public_key = k.public_key;
    out->customer_master_key_spec = k.spec;
    out->key_spec = k.spec;
    out->key_usage = k.usage;
    out->encryption_algorithms = m->encryption_algorithms;
    out->signing_algorithms = m->signing_algorithms;
    out->key_agreement_algorithms = m->key_agreement_algorithms;
    return NULL;
}
