/* The account as a whole: its alias, its numbers. */
#include "iam.h"

static str alias_key(const struct realm *r) { return realm_key(r, "alias", (str){0}, (str){0}); }

/* An alias is one in the whole cloud: a row outside of all accounts says whose it is. */
static str owner_key(struct call *c, str alias) {
    struct key k = key_new(c->arena, S("iam-alias"));
    key_str(&k, alias);
    return key_bytes(&k);
}

/* By another account that has it still: an account that was emptied has none. */
static bool alias_taken(struct call *c, str alias) {
    str owner, has;
    if (!txn_get(c->txn, owner_key(c, alias), &owner) || str_eq(owner, c->account)) return false;
    struct realm other = {c->txn, c->arena, arena_str(c->arena, owner)};
    return txn_get(c->txn, alias_key(&other), &has) && str_eq(has, alias);
}

err iam_create_account_alias(struct call *c, const struct iam_create_account_alias_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    str old;
    if (alias_taken(c, in->account_alias))
        return fail(c, &iam_entity_already_exists_exception, "The account alias %.*s already exists.", STR_ARGS(in->account_alias));
    if (account_valid(in->account_alias))
        return fail(c, &iam_invalid_input_exception, "An account alias cannot be an account number.");
    if (txn_get(c->txn, alias_key(&r), &old)) txn_delete(c->txn, owner_key(c, arena_str(c->arena, old)));
    txn_put(c->txn, alias_key(&r), in->account_alias);
    txn_put(c->txn, owner_key(c, in->account_alias), c->account);
    return NULL;
}

err iam_delete_account_alias(struct call *c, const struct iam_delete_account_alias_request *in, struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    str alias;
    if (!txn_get(c->txn, alias_key(&r), &alias) || !str_eq(alias, in->account_alias))
        return fail(c, &iam_no_such_entity_exception, "The account alias %.*s cannot be found.", STR_ARGS(in->account_alias));
    txn_delete(c->txn, alias_key(&r));
    txn_delete(c->txn, owner_key(c, in->account_alias));
    return NULL;
}

err iam_list_account_aliases(struct call *c, const struct iam_list_account_aliases_request *in, struct iam_list_account_aliases_response *out) {
    (void)in;
    struct realm r = realm_of(c);
    str alias;
    out->account_aliases = (struct iam_account_alias_list_type){.v = NEW(c->arena, str), .set = true};
    out->is_truncated = SOME_BOOL(false);
    if (txn_get(c->txn, alias_key(&r), &alias)) out->account_aliases.v[out->account_aliases.n++] = arena_str(c->arena, alias);
    return NULL;
}

/* ---- GetAccountSummary ---- */

static void tell(struct iam_summary_map_type *map, const char *key, i64 value) {
    map->v[map->n++] = (struct iam_summary_map_type_entry){str_of(key), SOME_I32((i32)value)};
}

err iam_get_account_summary(struct call *c, const struct wire_unit *in, struct iam_get_account_summary_response *out) {
    (void)in;
    enum { KEYS = 34 };
    static const struct {
        const char *key, *count;
    } counts[] = {
        {"Users", "user"}, {"Groups", "group"}, {"Roles", "role"}, {"Policies", "policy"}, {"InstanceProfiles", "instance-profile"},
        {"ServerCertificates", "server-certificate"}, {"MFADevices", "mfa"}, {"MFADevicesInUse", "mfa-in-use"},
        {"Providers", "provider"}, {"PolicyVersionsInUse", "policy-in-use"},
    };
    static const struct {
        const char *key;
        i64 value;
    } quotas[] = {
        {"AttachedPoliciesPerGroupQuota", 10}, {"AttachedPoliciesPerRoleQuota", 10}, {"AttachedPoliciesPerUserQuota", 10},
        {"GroupPolicySizeQuota", 5120}, {"RolePolicySizeQuota", 10240}, {"UserPolicySizeQuota", 2048}, {"PolicySizeQuota", 6144},
        {"AssumeRolePolicySizeQuota", 2048}, {"GroupsPerUserQuota", 10}, {"AccessKeysPerUserQuota", 2},
        {"SigningCertificatesPerUserQuota", 2}, {"VersionsPerPolicyQuota", 5}, {"PolicyVersionsInUseQuota", 10000},
        {"AccountPasswordPresent", 1}, {"AccountSigningCertificatesPresent", 0},
    };
    static const char *const per_account[ENTITY_KINDS] = {
        [ENTITY_USER] = "UsersQuota", [ENTITY_GROUP] = "GroupsQuota", [ENTITY_ROLE] = "RolesQuota",
        [ENTITY_POLICY] = "PoliciesQuota", [ENTITY_PROFILE] = "InstanceProfilesQuota", [ENTITY_CERTIFICATE] = "ServerCertificatesQuota"};
    struct realm r = realm_of(c);
    struct iam_summary_map_type *map = &out->summary_map;
    *map = (struct iam_summary_map_type){.v = NEW_ARRAY(c->arena, struct iam_summary_map_type_entry, KEYS), .set = true};
    for (size_t i = 0; i < LENGTH(counts); i++) tell(map, counts[i].key, count_of(&r, counts[i].count));
    for (size_t i = 0; i < LENGTH(quotas); i++) tell(map, quotas[i].key, quotas[i].value);
    for (size_t i = 0; i < ENTITY_KINDS; i++) tell(map, per_account[i], quota(c, str_of(kinds[i].quota), kinds[i].limit));
    tell(map, "AccountMFAEnabled", any_below(&r, "mfa-of", S("root")));
    tell(map, "AccountAccessKeysPresent", any_below(&r, "key-of", S("root")));
    tell(map, "GlobalEndpointTokenVersion", token_version(&r));
    ASSERT(map->n <= KEYS);
    return NULL;
}

/* ---- which token the global endpoint of STS hands out. All regions are here: both serve all of them ---- */

i64 token_version(const struct realm *r) {
    str value;
    return txn_get(r->txn, realm_key(r, "token-version", (str){0}, (str){0}), &value) ? 2 : 1;
}

err iam_set_security_token_service_preferences(struct call *c, const struct iam_set_security_token_service_preferences_request *in,
                                               struct wire_unit *out) {
    (void)out;
    struct realm r = realm_of(c);
    str key = realm_key(&r, "token-version", (str){0}, (str){0});
    if (str_eq(in->global_endpoint_token_version, S("v2Token"))) txn_put(c->txn, key, S(""));
    else txn_delete(c->txn, key);
    return NULL;
}
