/* What the decision needs to know of a request: the key's policy, a grant that fits, and those of KMS's condition
 * keys that do not stand in the input under their own name. */
#include "kms.h"

enum { FACTS_MAX = 64, ALIASES_SHOWN = 50 };

struct key_use { /* what a request says about the key */
    str key_id;
    int how; /* enum key_open_how */
    const struct kms_encryption_context_type *context;
    const struct kms_grant_token_list *tokens;
    str operation; /* as grants name it; absent: the operation's own name */
};

static void add(struct call *c, struct auth_facts *facts, const char *key, str value) {
    if (!value.p) return;
    if (!facts->v) facts->v = NEW_ARRAY(c->arena, struct auth_fact, FACTS_MAX);
    if (facts->n < FACTS_MAX) facts->v[facts->n++] = (struct auth_fact){str_of(key), value};
}

/* kms:EncryptionContext:name has its name in the key. */
static void add_context(struct call *c, struct auth_facts *facts, const struct kms_encryption_context_type *context) {
    if (!context || !context->n) return;
    struct auth_fact *v = NEW_ARRAY(c->arena, struct auth_fact, facts->n + 2 * context->n + FACTS_MAX);
    if (facts->n) memcpy(v, facts->v, facts->n * sizeof *v);
    facts->v = v;
    for (u32 i = 0; i < context->n; i++) {
        v[facts->n++] = (struct auth_fact){arena_concat(c->arena, S("kms:EncryptionContext:"), context->v[i].key), context->v[i].value};
        v[facts->n++] = (struct auth_fact){S("kms:EncryptionContextKeys"), context->v[i].key};
    }
}

static void add_key(struct call *c, struct auth_facts *facts, const struct kms_key *k) {
    str *names = NEW_ARRAY(c->arena, str, ALIASES_SHOWN);
    add(c, facts, "kms:KeySpec", k->spec);
    add(c, facts, "kms:KeyUsage", k->usage);
    add(c, facts, "kms:KeyOrigin", k->origin);
    add(c, facts, "kms:MultiRegion", k->multi_region ? S("true") : S("false"));
    if (k->multi_region) add(c, facts, "kms:MultiRegionKeyType", kms_key_is_primary(c, k) ? S("PRIMARY") : S("REPLICA"));
    u32 n = kms_aliases_of(c, k, names, ALIASES_SHOWN);
    for (u32 i = 0; i < n; i++) add(c, facts, "kms:ResourceAliases", names[i]);
}

static str alias_in(str key_id) {
    size_t at = str_starts(key_id, S("arn:")) ? str_find(key_id, S(":alias/")) : STR_NONE;
    if (str_starts(key_id, S("alias/"))) return key_id;
    return at == STR_NONE ? (str){0} : str_skip(key_id, at + 1);
}

static void of_key(struct call *c, const struct kms_key *k, const struct key_use *use, struct auth_facts *facts) {
    str operation = use->operation.p ? use->operation : wire_text(c->service->wire, c->op->name);
    facts->resource_policy = k->policy;
    facts->resource_account = k->account;
    facts->resource_arn = k->arn;
    facts->policy_rules = true;
    facts->beyond_organizations = k->managed_for.n > 0;
    facts->granted = kms_grant_allows(c, k, operation, use->context);
    add_key(c, facts, k);
    add(c, facts, "kms:RequestAlias", alias_in(use->key_id));
    add_context(c, facts, use->context);
}

static err key_facts(struct call *c, const struct key_use *use, struct auth_facts *facts) {
    struct kms_key k;
    TRY(kms_key_open(c, use->key_id, use->how, &k));
    if (use->context) TRY(kms_context_check(c, use->context));
    TRY(kms_grant_tokens_check(c, use->tokens));
    of_key(c, &k, use, facts);
    return NULL;
}

/* ---- operations on one key, named KeyId ---- */

#define KEY_FACTS(operation, open_how)                                                                                  \
    err kms_##operation##_facts(struct call *c, const struct kms_##operation##_request *in, struct auth_facts *facts) { \
        return key_facts(c, &(struct key_use){.key_id = in->key_id, .how = (open_how)}, facts);                         \
    }
KEY_FACTS(cancel_key_deletion, OPEN_HERE)
KEY_FACTS(delete_imported_key_material, OPEN_HERE)
KEY_FACTS(disable_key_rotation, OPEN_HERE)
KEY_FACTS(enable_key, OPEN_HERE)
KEY_FACTS(enable_key_rotation, OPEN_HERE)
KEY_FACTS(get_key_last_usage, OPEN_HERE)
KEY_FACTS(get_key_policy, OPEN_HERE)
KEY_FACTS(get_key_rotation_status, OPEN_FOREIGN)
KEY_FACTS(get_parameters_for_import, OPEN_HERE)
KEY_FACTS(import_key_material, OPEN_HERE)
KEY_FACTS(list_grants, OPEN_FOREIGN)
KEY_FACTS(list_key_policies, OPEN_HERE)
KEY_FACTS(list_key_rotations, OPEN_FOREIGN)
KEY_FACTS(list_resource_tags, OPEN_HERE)
KEY_FACTS(put_key_policy, OPEN_HERE)
KEY_FACTS(replicate_key, OPEN_HERE)
KEY_FACTS(revoke_grant, OPEN_FOREIGN)
KEY_FACTS(rotate_key_on_demand, OPEN_HERE)
KEY_FACTS(tag_resource, OPEN_HERE)
KEY_FACTS(untag_resource, OPEN_HERE)
KEY_FACTS(update_key_description, OPEN_HERE)
KEY_FACTS(update_primary_region, OPEN_HERE)

/* Of keys that are to go out of use. Of one that was never used, since it was made. */
static err unused_key_facts(struct call *c, str key_id, struct auth_facts *facts) {
    struct kms_key k;
    TRY(key_facts(c, &(struct key_use){.key_id = key_id}, facts));
    TRY(kms_key_open(c, key_id, OPEN_HERE, &k));
    i64 days = (c->now_ms - kms_key_last_used_ms(c, &k)) / DAY_MS;
    add(c, facts, "kms:TrailingDaysWithoutKeyUsage", arena_format(c->arena, "%lld", (long long)days));
    return NULL;
}

err kms_disable_key_facts(struct call *c, const struct kms_disable_key_request *in, struct auth_facts *facts) {
    return unused_key_facts(c, in->key_id, facts);
}

err kms_schedule_key_deletion_facts(struct call *c, const struct kms_schedule_key_deletion_request *in, struct auth_facts *facts) {
    TRY(unused_key_facts(c, in->key_id, facts));
    i32 days = in->pending_window_in_days.set ? in->pending_window_in_days.v : 30;
    add(c, facts, "kms:ScheduleKeyDeletionPendingWindowInDays", arena_format(c->arena, "%d", days));
    return NULL;
}

/* ---- operations that use a key; aliases and other accounts' keys may be named ---- */

#define USE_FACTS(operation, context_, body)                                                                                       \
    err kms_##operation##_facts(struct call *c, const struct kms_##operation##_request *in, struct auth_facts *facts) {            \
        struct key_use use = {.key_id = in->key_id, .how = OPEN_ALIAS | OPEN_FOREIGN, .context = (context_), .tokens = &in->grant_tokens}; \
        TRY(key_facts(c, &use, facts));                                                                                            \
        body return NULL;                                                                                                          \
    }
static str or_symmetric(str algorithm) { return algorithm.p ? algorithm : S("SYMMETRIC_DEFAULT"); }
static str or_raw(str type) { return type.p ? type : S("RAW"); }

USE_FACTS(get_public_key, NULL, )
USE_FACTS(encrypt, &in->encryption_context, add(c, facts, "kms:EncryptionAlgorithm", or_symmetric(in->encryption_algorithm));)
USE_FACTS(generate_data_key, &in->encryption_context, )
USE_FACTS(generate_data_key_without_plaintext, &in->encryption_context, )
USE_FACTS(generate_data_key_pair, &in->encryption_context, add(c, facts, "kms:DataKeyPairSpec", in->key_pair_spec);)
USE_FACTS(generate_data_key_pair_without_plaintext, &in->encryption_context, add(c, facts, "kms:DataKeyPairSpec", in->key_pair_spec);)
USE_FACTS(sign, NULL, add(c, facts, "kms:MessageType", or_raw(in->message_type));)
USE_FACTS(verify, NULL, add(c, facts, "kms:MessageType", or_raw(in->message_type));)
USE_FACTS(generate_mac, NULL, )
USE_FACTS(verify_mac, NULL, )
USE_FACTS(derive_shared_secret, NULL, )

err kms_describe_key_facts(struct call *c, const struct kms_describe_key_request *in, struct auth_facts *facts) {
    struct kms_key k;
    struct kms_alias alias;
    struct key_use use = {.key_id = in->key_id, .how = OPEN_ALIAS | OPEN_FOREIGN, .tokens = &in->grant_tokens};
    if (kms_alias_load(c, c->account, in->key_id, &alias) || !kms_managed_foresee(c, in->key_id, &k)) return key_facts(c, &use, facts);
    of_key(c, &k, &use, facts); /* it is going to be made */
    return NULL;
}

err kms_decrypt_facts(struct call *c, const struct kms_decrypt_request *in, struct auth_facts *facts) {
    struct kms_key k;
    struct key_use use = {.key_id = in->key_id, .context = &in->encryption_context};
    if (!in->ciphertext_blob.p) return fail(c, &cloud_validation, "CiphertextBlob is required.");
    TRY(kms_context_check(c, &in->encryption_context));
    TRY(kms_ciphertext_key(c, in->ciphertext_blob, in->key_id, in->encryption_algorithm, &k));
    TRY(kms_grant_tokens_check(c, &in->grant_tokens));
    of_key(c, &k, &use, facts);
    add(c, facts, "kms:EncryptionAlgorithm", or_symmetric(in->encryption_algorithm));
    return NULL;
}

/* Two rights on two keys: the gate asks for ReEncryptTo on the destination, for ReEncryptFrom is asked here. */
static err check_source(struct call *c, const struct kms_re_encrypt_request *in, str *same_key) {
    struct kms_key k, destination;
    struct auth_facts facts = {0};
    struct key_use use = {.key_id = in->source_key_id, .context = &in->source_encryption_context, .operation = S("ReEncryptFrom")};
    if (!in->ciphertext_blob.p) return fail(c, &cloud_validation, "CiphertextBlob is required.");
    TRY(kms_context_check(c, &in->source_encryption_context));
    TRY(kms_ciphertext_key(c, in->ciphertext_blob, in->source_key_id, in->source_encryption_algorithm, &k));
    of_key(c, &k, &use, &facts);
    add(c, &facts, "kms:EncryptionAlgorithm", or_symmetric(in->source_encryption_algorithm));
    bool there = !kms_key_open(c, in->destination_key_id, OPEN_ALIAS | OPEN_FOREIGN, &destination);
    *same_key = there && str_eq(k.arn, destination.arn) ? S("true") : S("false");
    add(c, &facts, "kms:ReEncryptOnSameKey", *same_key);
    return may_with(c, S("kms:ReEncryptFrom"), k.arn, &facts) ? NULL : deny(c, S("kms:ReEncryptFrom"), k.arn);
}

err kms_re_encrypt_facts(struct call *c, const struct kms_re_encrypt_request *in, struct auth_facts *facts) {
    struct key_use use = {.key_id = in->destination_key_id, .how = OPEN_ALIAS | OPEN_FOREIGN, .context = &in->destination_encryption_context,
                          .tokens = &in->grant_tokens, .operation = S("ReEncryptTo")};
    str same_key;
    TRY(check_source(c, in, &same_key));
    TRY(key_facts(c, &use, facts));
    add(c, facts, "kms:ReEncryptOnSameKey", same_key);
    add(c, facts, "kms:EncryptionAlgorithm", or_symmetric(in->destination_encryption_algorithm));
    return NULL;
}

/* ---- the others ---- */

err kms_create_key_facts(struct call *c, const struct kms_create_key_request *in, struct auth_facts *facts) {
    add(c, facts, "kms:KeySpec", in->key_spec.p ? in->key_spec : or_symmetric(in->customer_master_key_spec));
    add(c, facts, "kms:KeyUsage", in->key_usage.p ? in->key_usage : S("ENCRYPT_DECRYPT"));
    add(c, facts, "kms:KeyOrigin", in->origin.p ? in->origin : S("AWS_KMS"));
    add(c, facts, "kms:MultiRegion", in->multi_region.set && in->multi_region.v ? S("true") : S("false"));
    return NULL;
}

err kms_create_alias_facts(struct call *c, const struct kms_create_alias_request *in, struct auth_facts *facts) {
    return key_facts(c, &(struct key_use){.key_id = in->target_key_id}, facts);
}

/* The key that the alias leaves is asked here, the one that it goes to by the gate, the alias by the handler. */
err kms_update_alias_facts(struct call *c, const struct kms_update_alias_request *in, struct auth_facts *facts) {
    struct kms_alias alias;
    struct kms_key left;
    struct auth_facts of_left = {0};
    if (kms_alias_load(c, c->account, in->alias_name, &alias) && kms_key_load(c->txn, c->arena, c->account, c->region, alias.key_id, &left)) {
        of_key(c, &left, &(struct key_use){.key_id = alias.key_id}, &of_left);
        if (!may_with(c, S("kms:UpdateAlias"), left.arn, &of_left)) return deny(c, S("kms:UpdateAlias"), left.arn);
    }
    return key_facts(c, &(struct key_use){.key_id = in->target_key_id}, facts);
}

err kms_delete_alias_facts(struct call *c, const struct kms_delete_alias_request *in, struct auth_facts *facts) {
    struct kms_alias alias;
    if (!kms_alias_load(c, c->account, in->alias_name, &alias)) {
        facts->resource_arn = arn_of(c, S("kms"), in->alias_name);
        return NULL; /* the handler says so */
    }
    return key_facts(c, &(struct key_use){.key_id = alias.key_id}, facts);
}

err kms_create_grant_facts(struct call *c, const struct kms_create_grant_request *in, struct auth_facts *facts) {
    struct key_use use = {.key_id = in->key_id, .how = OPEN_FOREIGN, .tokens = &in->grant_tokens};
    const struct kms_grant_constraints *constraints = in->constraints;
    if (constraints) use.context = constraints->encryption_context_equals.n ? &constraints->encryption_context_equals : &constraints->encryption_context_subset;
    TRY(key_facts(c, &use, facts));
    for (u32 i = 0; i < in->operations.n; i++) add(c, facts, "kms:GrantOperations", in->operations.v[i]);
    bool for_aws = c->outer != NULL || in->grantee_service_principal.p;
    add(c, facts, "kms:GrantIsForAWSResource", for_aws ? S("true") : S("false"));
    if (!constraints) return NULL;
    if (constraints->encryption_context_equals.n) add(c, facts, "kms:GrantConstraintType", S("EncryptionContextEquals"));
    if (constraints->encryption_context_subset.n) add(c, facts, "kms:GrantConstraintType", S("EncryptionContextSubset"));
    add(c, facts, "kms:GrantConstraintSourceArn", constraints->source_arn);
    return NULL;
}

/* The retiring principal may, and so may the grantee if the grant says so. */
err kms_retire_grant_facts(struct call *c, const struct kms_retire_grant_request *in, struct auth_facts *facts) {
    struct kms_key k;
    struct kms_grant g = {0};
    if (in->grant_token.p) {
        if (!kms_grant_by_token(c, in->grant_token, &k, &g)) return &kms_invalid_grant_token_exception;
    } else {
        if (!in->key_id.p || !in->grant_id.p) return fail(c, &cloud_validation, "Either GrantToken or both KeyId and GrantId must be given.");
        TRY(kms_key_open(c, in->key_id, OPEN_FOREIGN, &k));
        if (!kms_grant_load(c, &k, in->grant_id, &g)) return fail(c, &kms_not_found_exception, "Grant ID %.*s not found", STR_ARGS(in->grant_id));
    }
    of_key(c, &k, &(struct key_use){.key_id = k.id}, facts);
    facts->granted |= kms_grant_retired_by(c, &g);
    return NULL;
}
