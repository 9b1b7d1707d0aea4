/* Multi-region keys: one id and one material, a row in each region, a primary among them. ReplicateKey, UpdatePrimaryRegion. */
#include "kms.h"

#include "cloud/policy_principal.h"

static void add_replica(struct call *c, struct kms_family *f, str region) {
    struct region_name *v = NEW_ARRAY(c->arena, struct region_name, f->replicas.n + 1);
    if (f->replicas.n) memcpy(v, f->replicas.v, f->replicas.n * sizeof *v);
    v[f->replicas.n++] = (struct region_name){region};
    f->replicas.v = v;
    f->replicas.set = true;
}

static void remove_replica(struct kms_family *f, str region) {
    u32 n = 0;
    for (u32 i = 0; i < f->replicas.n; i++)
        if (!str_eq(f->replicas.v[i].name, region)) f->replicas.v[n++] = f->replicas.v[i];
    f->replicas.n = n;
}

void kms_deletion_of_replica(struct call *c, const struct kms_key *k) {
    struct kms_family f;
    if (!kms_family_load(c, k, &f)) return;
    if (str_eq(f.primary, k->region)) f.primary = S(""); /* the last: a primary waits for its replicas */
    remove_replica(&f, k->region);
    kms_family_save(c, k, &f);
}

/* ---- ReplicateKey ---- */

static err check_primary(struct call *c, const struct kms_key *k) {
    TRY(kms_key_check_own(c, k));
    if (k->state != KEY_DISABLED) TRY(kms_key_check_state(c, k));
    if (k->multi_region && kms_key_is_primary(c, k)) return NULL;
    return fail(c, &kms_unsupported_operation_exception, "%.*s is not a multi-region primary key.", STR_ARGS(k->arn));
}

/* The call, as it would be in the other region: for rows that say where they are. */
static struct call *call_in(struct call *c, str region) {
    struct call *there = NEW(c->arena, struct call);
    *there = *c;
    there->region = region;
    return there;
}

err kms_replicate_key(struct call *c, const struct kms_replicate_key_request *in, struct kms_replicate_key_response *out) {
    struct kms_key k, replica;
    struct kms_family f;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    TRY(check_primary(c, &k));
    if (!region_known(in->replica_region) || str_eq(in->replica_region, c->region))
        return fail(c, &cloud_validation, "The replica Region %.*s is not valid.", STR_ARGS(in->replica_region));
    if (kms_key_load(c->txn, c->arena, k.account, in->replica_region, k.id, &replica))
        return fail(c, &kms_already_exists_exception, "Cannot replicate %.*s to %.*s because it already exists there.", STR_ARGS(k.arn), STR_ARGS(in->replica_region));
    str policy = kms_policy_default(c, k.account);
    if (in->policy.p) TRY(kms_policy_take(c, in->policy, in->bypass_policy_lockout_safety_check, k.arn, &policy));
    struct call *there = call_in(c, in->replica_region);
    replica = (struct kms_key){.spec = k.spec, .usage = k.usage, .origin = k.origin, .multi_region = true, .account = k.account, .id = k.id,
                               .region = in->replica_region, .public_key = k.public_key, .description = in->description,
                               .policy = policy,
                               .state = str_eq(k.origin, S("EXTERNAL")) ? KEY_PENDING_IMPORT : KEY_ENABLED};
    ASSERT(kms_family_load(c, &k, &f));
    add_replica(c, &f, in->replica_region);
    kms_family_save(c, &k, &f);
    kms_key_add(there, &replica, NULL);
    if (in->tags.n) {
        err e = kms_tags_apply(there, &replica, &in->tags);
        c->error_message = there->error_message;
        if (e) return e;
    }
    out->replica_key_metadata = kms_key_metadata(there, &replica);
    out->replica_policy = policy_principals_shown(c, policy);
    out->replica_tags = in->tags;
    return NULL;
}

/* ---- UpdatePrimaryRegion ---- */

err kms_update_primary_region(struct call *c, const struct kms_update_primary_region_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k, next;
    struct kms_family f;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    TRY(kms_key_check_own(c, &k));
    TRY(kms_key_check_state(c, &k));
    if (!k.multi_region || !kms_key_is_primary(c, &k))
        return fail(c, &kms_unsupported_operation_exception, "%.*s is not a multi-region primary key.", STR_ARGS(k.arn));
    if (!kms_key_load(c->txn, c->arena, k.account, in->primary_region, k.id, &next)) {
        str arn = kms_key_arn(c->arena, k.account, in->primary_region, k.id);
        return fail(c, &kms_not_found_exception, "Key '%.*s' does not exist", STR_ARGS(arn));
    }
    TRY(kms_key_check_state(c, &next));
    if (str_eq(in->primary_region, c->region)) return NULL;
    ASSERT(kms_family_load(c, &k, &f));
    remove_replica(&f, in->primary_region);
    add_replica(c, &f, c->region);
    f.primary = in->primary_region;
    kms_family_save(c, &k, &f);
    next.rotates = k.rotates; /* rotation stands in the primary */
    next.rotation_days = k.rotation_days;
    next.next_rotation_ms = k.next_rotation_ms;
    next.rotated_on_demand = k.rotated_on_demand;
    k.rotates = false;
    kms_rotation_set_timer(c, &k);
    kms_rotation_set_timer(c, &next);
    kms_key_save(c, &k);
    kms_key_save(c, &next);
    return NULL;
}
