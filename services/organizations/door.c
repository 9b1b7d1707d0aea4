/* What the gate asks: where an account stands, and which SCPs and RCPs stand above it. */
#include "organizations.h"

static struct identity_policies *policies_of(struct txn *t, struct arena *a, const struct organization *o, str type_name,
                                             const str *targets, u32 levels) {
    const struct enabled_type *type = type_enabled(o, type_name);
    if (!type) return NULL;
    struct identity_policies *all = NEW_ARRAY(a, struct identity_policies, levels);
    for (u32 level = 0; level < levels; level++) {
        str ids[ATTACHED_MAX];
        u32 n = attached_to(t, a, o, type, targets[level], ids, ATTACHED_MAX);
        all[level].v = NEW_ARRAY(a, struct identity_policy, n + 1);
        for (u32 i = 0; i < n; i++) {
            struct policy_row p;
            if (org_policy_load(t, a, o, ids[i], &p)) all[level].v[all[level].n++] = (struct identity_policy){org_policy_arn(a, o, &p), p.content};
        }
    }
    return all;
}

/* DIFFERS: AWS takes no credentials of a closed account any more; here they are known, and nothing is allowed. */
static void deny_all(struct arena *a, struct identity_organization *out) {
    static const struct identity_policy nothing = {
        {"closed", 6}, {"{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}}", 82}};
    out->levels = 1;
    out->service_control = NEW(a, struct identity_policies);
    out->service_control->v = NEW(a, struct identity_policy);
    out->service_control->v[0] = nothing;
    out->service_control->n = 1;
}

void organizations_door(struct txn *t, struct arena *a, str account, struct identity_organization *out) {
    struct member m;
    struct organization o;
    str targets[LEVELS_MAX];
    *out = (struct identity_organization){0};
    if (!member_load(t, a, account, &m) || !organization_load(t, a, m.management, &o)) return;
    out->id = o.id;
    out->path = m.path;
    out->management = str_eq(account, o.management);
    out->management_account = o.management;
    out->all_features = o.all_features;
    if (out->management) return;
    if (m.state == MEMBER_CLOSED) {
        deny_all(a, out);
        return;
    }
    out->levels = levels_of(&o, &m, targets);
    out->service_control = policies_of(t, a, &o, S("SERVICE_CONTROL_POLICY"), targets, out->levels);
    out->resource_control = policies_of(t, a, &o, S("RESOURCE_CONTROL_POLICY"), targets, out->levels);
}

/* ---- for services that work for a whole organization ---- */

static bool organization_of(struct txn *t, struct arena *a, str account, struct organization *o) {
    struct member m;
    return member_load(t, a, account, &m) && organization_load(t, a, m.management, o);
}

bool organizations_trusts(struct txn *t, struct arena *a, str account, str service) {
    struct organization o;
    return organization_of(t, a, account, &o) && service_trusted(t, a, &o, service);
}

bool organizations_administers(struct txn *t, struct arena *a, str account, str service) {
    struct organization o;
    return organization_of(t, a, account, &o) && (str_eq(account, o.management) || is_delegated_for(t, a, &o, account, service));
}

u32 organizations_accounts(struct txn *t, struct arena *a, str account, str **accounts) {
    struct organization o;
    struct member m;
    u32 n = 0;
    if (!organization_of(t, a, account, &o)) return 0;
    *accounts = NEW_ARRAY(a, str, o.account_count + 1);
    struct key k = organization_key(a, &o, "account");
    str from = key_bytes(&k), key;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (n <= o.account_count && range_next(&rows, &key, NULL)) {
        str rest = str_skip(key, from.n), id;
        ASSERT(key_read_str(&rest, a, &id));
        if (member_load(t, a, id, &m) && m.state != MEMBER_CLOSED) (*accounts)[n++] = arena_str(a, id);
    }
    return n;
}
