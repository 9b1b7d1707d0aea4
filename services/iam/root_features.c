/* Centralized root access: what an organization lets its administrators do with the roots of its members. A row of the
 * management account: ("root-features", organization) -> the features, with a space between. */
#include "iam.h"

#define IAM_PRINCIPAL S("iam.amazonaws.com")

/* The organization, if it is in order and the caller one of its administrators. */
static err open_organization(struct call *c, bool management_alone, struct identity_organization *o) {
    const struct identity_door *door = identity_door_of(c);
    door->organization(c->txn, c->arena, c->account, o);
    if (!o->id.p)
        return fail(c, &iam_organization_not_found_exception, "The request was rejected because no organization is associated with your account.");
    if (!o->management && management_alone)
        return fail(c, &iam_caller_is_not_management_account_exception,
                    "The request was rejected because the account making the request is not the management account for the organization.");
    if (!door->organization_administers(c->txn, c->arena, c->account, IAM_PRINCIPAL))
        return fail(c, &iam_account_not_management_or_delegated_administrator_exception,
                    "The request was rejected because the account making the request is not the management account or delegated "
                    "administrator account for centralized root access.");
    if (!o->all_features)
        return fail(c, &iam_organization_not_in_all_features_mode_exception,
                    "The request was rejected because your organization does not have All features enabled.");
    if (door->organization_trusts(c->txn, c->arena, c->account, IAM_PRINCIPAL)) return NULL;
    return fail(c, &iam_service_access_not_enabled_exception,
                "The request was rejected because trusted access is not enabled for IAM in Organizations.");
}

static str features_key(struct call *c, const struct identity_organization *o) {
    struct realm r = realm_of(c);
    r.account = o->management_account;
    return realm_key(&r, "root-features", o->id, (str){0});
}

static bool has(str features, str feature) {
    while (features.n)
        if (str_eq(str_cut(&features, ' '), feature)) return true;
    return false;
}

/* The organization's features; one of them switched first, `on` or off, if `feature` is there. */
static err tell(struct call *c, str feature, bool on, str *id, struct iam_features_list_type *enabled) {
    static const char *const all[] = {"RootCredentialsManagement", "RootSessions"};
    struct identity_organization o;
    str row, before;
    TRY(open_organization(c, feature.p && on, &o));
    before = txn_get(c->txn, features_key(c, &o), &row) ? arena_str(c->arena, row) : S("");
    *id = o.id;
    *enabled = (struct iam_features_list_type){.v = NEW_ARRAY(c->arena, str, LENGTH(all)), .set = true};
    for (size_t i = 0; i < LENGTH(all); i++) {
        str one = str_of(all[i]);
        if (str_eq(one, feature) ? on : has(before, one)) enabled->v[enabled->n++] = one;
    }
    if (!feature.p) return NULL;
    str after = S("");
    for (u32 i = 0; i < enabled->n; i++) after = i ? arena_format(c->arena, "%.*s %.*s", STR_ARGS(after), STR_ARGS(enabled->v[i])) : enabled->v[i];
    txn_put(c->txn, features_key(c, &o), after);
    return NULL;
}

#define SWITCH(operation, feature, on)                                                                                            \
    err iam_##operation(struct call *c, const struct iam_##operation##_request *in, struct iam_##operation##_response *out) {    \
        (void)in;                                                                                                                \
        return tell(c, S(feature), on, &out->organization_id, &out->enabled_features);                                           \
    }
SWITCH(enable_organizations_root_credentials_management, "RootCredentialsManagement", true)
SWITCH(disable_organizations_root_credentials_management, "RootCredentialsManagement", false)
SWITCH(enable_organizations_root_sessions, "RootSessions", true)
SWITCH(disable_organizations_root_sessions, "RootSessions", false)

err iam_list_organizations_features(struct call *c, const struct iam_list_organizations_features_request *in,
                                    struct iam_list_organizations_features_response *out) {
    (void)in;
    return tell(c, (str){0}, false, &out->organization_id, &out->enabled_features);
}

/* STS asks it for AssumeRoot, in the caller's account. */
err iam_list_organizations_features_facts(struct call *c, const struct iam_list_organizations_features_request *in, struct auth_facts *facts) {
    (void)in;
    facts->granted = c->principal->kind == PRINCIPAL_SERVICE;
    return NULL;
}
