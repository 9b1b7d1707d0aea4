/* The key: found by its names, checked, described, listed. */
#include "kms.h"

/* ---- names ---- */

static bool id_formed(str id) { /* a UUID, or mrk- and 32 digits */
    bool multi = str_starts(id, S("mrk-"));
    str digits = multi ? str_skip(id, 4) : id;
    if (digits.n != (multi ? 32u : 36u)) return false;
    for (size_t i = 0; i < digits.n; i++) {
        char ch = digits.p[i];
        bool dash = !multi && (i == 8 || i == 13 || i == 18 || i == 23);
        if (dash ? ch != '-' : !((ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f'))) return false;
    }
    return true;
}

static err open_id(struct call *c, str account, str id, struct kms_key *k) {
    if (!id_formed(id)) return fail(c, &kms_not_found_exception, "Invalid keyId '%.*s'", STR_ARGS(id));
    if (kms_key_load(c->txn, c->arena, account, c->region, id, k)) return NULL;
    str arn = kms_key_arn(c->arena, account, c->region, id);
    return fail(c, &kms_not_found_exception, "Key '%.*s' does not exist", STR_ARGS(arn));
}

static err open_alias(struct call *c, str account, str name, struct kms_key *k) {
    struct kms_alias alias;
    if (kms_alias_load(c, account, name, &alias) && kms_key_load(c->txn, c->arena, account, c->region, alias.key_id, k)) return NULL;
    if (str_eq(account, c->account) && c->outer && kms_managed_open(c, name, k)) return NULL;
    str arn = arn_format(c->arena, S("kms"), c->region, account, name);
    return fail(c, &kms_not_found_exception, "Alias %.*s is not found.", STR_ARGS(arn));
}

err kms_key_open(struct call *c, str name, int how, struct kms_key *k) {
    str account = c->account, resource = name;
    if (str_starts(name, S("arn:"))) {
        struct arn arn;
        if (!arn_parse(name, &arn) || !str_eq(arn.service, S("kms")) || !account_valid(arn.account))
            return fail(c, &kms_invalid_arn_exception, "Invalid arn %.*s", STR_ARGS(name));
        if (!str_eq(arn.region, c->region)) return fail(c, &kms_not_found_exception, "Invalid arn %.*s", STR_ARGS(arn.region));
        account = arn.account;
        resource = arn.resource;
        if (str_starts(resource, S("key/"))) resource = str_skip(resource, 4);
        else if (!str_starts(resource, S("alias/"))) return fail(c, &kms_invalid_arn_exception, "Invalid arn %.*s", STR_ARGS(name));
    }
    bool alias = str_starts(resource, S("alias/"));
    if (alias && !(how & OPEN_ALIAS)) return fail(c, &kms_not_found_exception, "Invalid keyId '%.*s'", STR_ARGS(name));
    if (!str_eq(account, c->account) && !(how & OPEN_FOREIGN))
        return deny(c, arena_format(c->arena, "kms:%s", c->service->wire->text + c->op->name), name);
    return alias ? open_alias(c, account, resource, k) : open_id(c, account, resource, k);
}

err kms_key_open_own(struct call *c, str name, struct kms_key *k) {
    TRY(kms_key_open(c, name, OPEN_HERE, k));
    return kms_key_check_own(c, k);
}

/* ---- checks ---- */

err kms_key_check_own(struct call *c, const struct kms_key *k) {
    if (!k->managed_for.n) return NULL;
    return deny(c, arena_format(c->arena, "kms:%s", c->service->wire->text + c->op->name), k->arn);
}

err kms_key_check_not_pending(struct call *c, const struct kms_key *k) {
    if (k->state == KEY_PENDING_DELETION) return fail(c, &kms_kms_invalid_state_exception, "%.*s is pending deletion.", STR_ARGS(k->arn));
    if (k->state == KEY_PENDING_REPLICA_DELETION)
        return fail(c, &kms_kms_invalid_state_exception, "%.*s is pending multi-region replica deletion.", STR_ARGS(k->arn));
    return NULL;
}

err kms_key_check_state(struct call *c, const struct kms_key *k) {
    if (k->state == KEY_ENABLED) return NULL;
    if (k->state == KEY_DISABLED) return fail(c, &kms_disabled_exception, "%.*s is disabled.", STR_ARGS(k->arn));
    TRY(kms_key_check_not_pending(c, k));
    return fail(c, &kms_kms_invalid_state_exception, "%.*s is pending import.", STR_ARGS(k->arn));
}

err kms_key_check_usage(struct call *c, const struct kms_key *k, const char *usage) {
    if (str_eq(k->usage, str_of(usage))) return NULL;
    return fail(c, &kms_invalid_key_usage_exception, "%.*s key usage is %.*s which is not valid for %s.", STR_ARGS(k->arn), STR_ARGS(k->usage),
                c->service->wire->text + c->op->name);
}

err kms_key_check_origin(struct call *c, const struct kms_key *k, const char *origin) {
    if (str_eq(k->origin, str_of(origin))) return NULL;
    return fail(c, &kms_unsupported_operation_exception, "%.*s origin is %.*s which is not valid for this operation.", STR_ARGS(k->arn), STR_ARGS(k->origin));
}

err kms_dry_run(struct call *c, struct opt_bool asked) {
    if (!asked.set || !asked.v) return NULL;
    return fail(c, &kms_dry_run_operation_exception, "The request would have succeeded, but the DryRun option is set.");
}

/* ---- DescribeKey ---- */

static str state_name(i64 state) {
    static const char *const names[] = {"Enabled", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion"};
    return str_of(names[state]);
}

static void describe_algorithms(struct call *c, const struct kms_key *k, struct kms_key_metadata *m) {
    enum { ALGORITHMS_MAX = 6 };
    const struct key_spec *spec = kms_spec_find(k->spec);
    str *names = NEW_ARRAY(c->arena, str, ALGORITHMS_MAX);
    if (str_eq(k->usage, S("ENCRYPT_DECRYPT"))) {
        m->encryption_algorithms.n = kms_algorithms_of(spec, USAGE_ENCRYPT, names, ALGORITHMS_MAX);
        m->encryption_algorithms.v = names;
        m->encryption_algorithms.set = true;
    } else if (str_eq(k->usage, S("SIGN_VERIFY"))) {
        m->signing_algorithms.n = kms_algorithms_of(spec, USAGE_SIGN, names, ALGORITHMS_MAX);
        m->signing_algorithms.v = names;
        m->signing_algorithms.set = true;
    } else if (str_eq(k->usage, S("GENERATE_VERIFY_MAC"))) {
        m->mac_algorithms.n = kms_algorithms_of(spec, USAGE_MAC, names, ALGORITHMS_MAX);
        m->mac_algorithms.v = names;
        m->mac_algorithms.set = true;
    } else {
        m->key_agreement_algorithms.n = kms_algorithms_of(spec, USAGE_AGREE, names, ALGORITHMS_MAX);
        m->key_agreement_algorithms.v = names;
        m->key_agreement_algorithms.set = true;
    }
}

static struct kms_multi_region_key member_of(struct call *c, const struct kms_key *k, str region) {
    return (struct kms_multi_region_key){.arn = kms_key_arn(c->arena, k->account, region, k->id), .region = region};
}

static void describe_family(struct call *c, const struct kms_key *k, struct kms_key_metadata *m) {
    struct kms_family f;
    if (!kms_family_load(c, k, &f)) return;
    struct kms_multi_region_configuration *config = NEW(c->arena, struct kms_multi_region_configuration);
    config->multi_region_key_type = str_eq(f.primary, k->region) ? S("PRIMARY") : S("REPLICA");
    config->primary_key = NEW(c->arena, struct kms_multi_region_key);
    *config->primary_key = member_of(c, k, f.primary);
    config->replica_keys.v = NEW_ARRAY(c->arena, struct kms_multi_region_key, f.replicas.n + 1);
    for (u32 i = 0; i < f.replicas.n; i++) config->replica_keys.v[config->replica_keys.n++] = member_of(c, k, f.replicas.v[i].name);
    config->replica_keys.set = true;
    m->multi_region_configuration = config;
}

static void describe_material(struct call *c, const struct kms_key *k, struct kms_key_metadata *m) {
    struct kms_material current;
    if (!kms_material_current(c, k, &current) || !current.sealed.n) return;
    if (str_eq(k->spec, S("SYMMETRIC_DEFAULT"))) m->current_key_material_id = current.id;
    if (!str_eq(k->origin, S("EXTERNAL"))) return;
    m->expiration_model = current.expires_ms ? S("KEY_MATERIAL_EXPIRES") : S("KEY_MATERIAL_DOES_NOT_EXPIRE");
    if (current.expires_ms) m->valid_to = SOME_TIME(current.expires_ms);
}

struct kms_key_metadata *kms_key_metadata(struct call *c, const struct kms_key *k) {
    struct kms_key_metadata *m = NEW(c->arena, struct kms_key_metadata);
    *m = (struct kms_key_metadata){
        .aws_account_id = k->account,
        .key_id = k->id,
        .arn = k->arn,
        .creation_date = SOME_TIME(k->created_ms),
        .enabled = SOME_BOOL(k->state == KEY_ENABLED),
        .description = k->description.p ? k->description : S(""),
        .key_usage = k->usage,
        .key_state = state_name(k->state),
        .origin = k->origin,
        .key_manager = k->managed_for.n ? S("AWS") : S("CUSTOMER"),
        .customer_master_key_spec = k->spec,
        .key_spec = k->spec,
        .multi_region = SOME_BOOL(k->multi_region),
    };
    if (k->state == KEY_PENDING_DELETION) m->deletion_date = SOME_TIME(k->deletion_ms);
    if (k->state == KEY_PENDING_REPLICA_DELETION) m->pending_deletion_window_in_days = SOME_I32((i32)k->deletion_days);
    describe_algorithms(c, k, m);
    describe_material(c, k, m);
    if (k->multi_region) describe_family(c, k, m);
    return m;
}

/* A key that is there is told without the writer. */
err kms_describe_key_prepare(struct call *c, const struct kms_describe_key_request *in, struct call_plan *plan) {
    struct kms_key k;
    struct kms_describe_key_response *out = NEW(c->arena, struct kms_describe_key_response);
    err e = kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, &k);
    if (e) return kms_managed_foresee(c, in->key_id, &k) ? NULL : e;
    out->key_metadata = kms_key_metadata(c, &k);
    *plan = (struct call_plan){.answer = true, .out = out};
    return NULL;
}

err kms_describe_key(struct call *c, const struct kms_describe_key_request *in, struct kms_describe_key_response *out) {
    struct kms_key k;
    struct kms_alias alias;
    bool there = kms_alias_load(c, c->account, in->key_id, &alias);
    if (there || !kms_managed_open(c, in->key_id, &k)) TRY(kms_key_open(c, in->key_id, OPEN_ALIAS | OPEN_FOREIGN, &k));
    out->key_metadata = kms_key_metadata(c, &k);
    return NULL;
}

/* ---- ListKeys ---- */

err kms_list_keys(struct call *c, const struct kms_list_keys_request *in, struct kms_list_keys_response *out) {
    struct kms_page p;
    str key, row;
    TRY(kms_page_open(c, kms_key_row(c->arena, c->account, c->region, "key", (str){0}), in->limit, 100, in->marker, &p));
    out->keys.v = NEW_ARRAY(c->arena, struct kms_key_list_entry, p.limit);
    out->keys.set = true;
    while (kms_page_next(&p, &key, &row)) {
        struct kms_key k;
        kms_key_read_row(c->arena, key, row, &k);
        out->keys.v[out->keys.n++] = (struct kms_key_list_entry){.key_id = k.id, .key_arn = k.arn};
    }
    kms_page_close(&p, &out->next_marker, &out->truncated);
    return NULL;
}
