/* CreateKey. The key is made in prepare, on a worker: an RSA key costs a second. */
#include "kms.h"

/* ---- what was asked for ---- */

static err check_spec(struct call *c, const struct kms_create_key_request *in, struct kms_key *k) {
    k->spec = in->key_spec.p ? in->key_spec : in->customer_master_key_spec.p ? in->customer_master_key_spec : S("SYMMETRIC_DEFAULT");
    const struct key_spec *spec = kms_spec_find(k->spec);
    if (in->key_spec.p && in->customer_master_key_spec.p)
        return fail(c, &cloud_validation, "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.");
    /* DIFFERS: no ML-DSA and ML-KEM (OpenSSL 3.0 has neither); SM2 is AWS's in China alone. */
    if (!spec) return fail(c, &kms_unsupported_operation_exception, "KeySpec %.*s is not supported in this region.", STR_ARGS(k->spec));
    k->usage = in->key_usage;
    if (!k->usage.p && spec->family != FAMILY_SYMMETRIC)
        return fail(c, &cloud_validation, "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
    if (!k->usage.p) k->usage = S("ENCRYPT_DECRYPT");
    if (!kms_spec_allows(spec, k->usage))
        return fail(c, &cloud_validation, "KeyUsage %.*s is not compatible with KeySpec %.*s", STR_ARGS(k->usage), STR_ARGS(k->spec));
    return NULL;
}

static err check_request(struct call *c, const struct kms_create_key_request *in, struct kms_key *k) {
    TRY(check_spec(c, in, k));
    k->origin = in->origin.p ? in->origin : S("AWS_KMS");
    if (in->custom_key_store_id.p || in->xks_key_id.p || (!str_eq(k->origin, S("AWS_KMS")) && !str_eq(k->origin, S("EXTERNAL"))))
        return fail(c, &kms_custom_key_store_not_found_exception, "There is no custom key store: they come with CloudHSM.");
    k->account = c->account;
    k->region = c->region;
    k->multi_region = in->multi_region.set && in->multi_region.v;
    k->description = in->description;
    k->policy = kms_policy_default(c, c->account);
    if (!in->policy.p) return NULL;
    return kms_policy_take(c, in->policy, in->bypass_policy_lockout_safety_check, kms_key_arn(c->arena, c->account, c->region, S("new")), &k->policy);
}

/* ---- the material, handed from prepare to the handler as a record ---- */

struct fresh {
    str id, material_id, sealed, public_key;
};
static const struct record_field fresh_fields[] = {
    RECORD_STR(1, struct fresh, id),
    RECORD_STR(2, struct fresh, material_id),
    RECORD_STR(3, struct fresh, sealed),
    RECORD_STR(4, struct fresh, public_key),
};
static const struct record_type fresh_record = RECORD_TYPE(struct fresh, fresh_fields);

static struct fresh make(struct call *c, struct kms_key *k) {
    struct fresh made = {.id = k->multi_region ? arena_concat(c->arena, S("mrk-"), id_hex(c->arena, 32)) : id_uuid(c->arena)};
    k->id = made.id;
    if (str_eq(k->origin, S("EXTERNAL"))) return made;
    struct kms_material m = kms_material_new(c, k, &made.public_key);
    made.material_id = m.id;
    made.sealed = m.sealed;
    return made;
}

err kms_create_key_prepare(struct call *c, const struct kms_create_key_request *in, struct call_plan *plan) {
    struct kms_key k = {0};
    TRY(check_request(c, in, &k));
    struct fresh made = make(c, &k);
    plan->note = record_encode(c->arena, &fresh_record, &made);
    return NULL;
}

err kms_create_key(struct call *c, const struct kms_create_key_request *in, struct kms_create_key_response *out) {
    struct kms_key k = {0};
    struct fresh made = {0};
    TRY(check_request(c, in, &k));
    if (c->note.p) ASSERT(record_decode(c->arena, &fresh_record, c->note, &made));
    else made = make(c, &k); /* a call of another service: it is not prepared */
    k.id = made.id;
    k.public_key = made.public_key;
    bool external = str_eq(k.origin, S("EXTERNAL"));
    k.state = external ? KEY_PENDING_IMPORT : KEY_ENABLED;
    if (k.multi_region) kms_family_save(c, &k, &(struct kms_family){.primary = c->region});
    kms_key_add(c, &k, external ? NULL : &(struct kms_material){.id = made.material_id, .sealed = made.sealed});
    if (in->tags.n) TRY(kms_tags_apply(c, &k, &in->tags));
    out->key_metadata = kms_key_metadata(c, &k);
    return NULL;
}
