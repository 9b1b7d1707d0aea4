/* Trails of a whole organization: they stand in its management account, which or whose delegated administrator
 * makes them; members see them and have no hand in them. */
#include "cloud/identity.h"
#include "cloudtrail.h"
#include "gen/organizations.h"

#define PRINCIPAL S("cloudtrail.amazonaws.com")

err ct_organization_check(struct call *c, str *organization, str *account) {
    const struct identity_door *door = identity_door_of(c);
    struct identity_organization o;
    door->organization(c->txn, c->arena, c->account, &o);
    if (!o.id.p)
        return fail(c, &cloudtrail_organizations_not_in_use_exception, "Your account is not a member of an organization.");
    if (!o.all_features)
        return fail(c, &cloudtrail_organization_not_in_all_features_mode_exception, "The organization does not have all features enabled.");
    if (!door->organization_administers(c->txn, c->arena, c->account, PRINCIPAL))
        return fail(c, &cloudtrail_not_organization_master_account_exception,
                    "This operation can only be called by the organization's management account or a delegated administrator account.");
    if (!door->organization_trusts(c->txn, c->arena, c->account, PRINCIPAL))
        return fail(c, &cloudtrail_cloud_trail_access_not_enabled_exception,
                    "Trusted access for CloudTrail must be enabled in your organization before organization trails can be made.");
    *organization = o.id;
    *account = o.management_account;
    return NULL;
}

str ct_management_of(struct call *c) {
    struct identity_organization o;
    identity_door_of(c)->organization(c->txn, c->arena, c->account, &o);
    return o.id.p && !o.management ? o.management_account : (str){0};
}

u32 ct_accounts_of(struct call *c, const struct ct_trail *trail, str **accounts) {
    struct identity_organization o;
    identity_door_of(c)->organization(c->txn, c->arena, trail->account, &o);
    if (trail->organization.p && str_eq(o.id, trail->organization))
        return identity_door_of(c)->organization_accounts(c->txn, c->arena, trail->account, accounts);
    *accounts = NEW(c->arena, str);
    **accounts = trail->account;
    return 1;
}

str ct_place(struct arena *a, const struct ct_trail *t, str account) {
    str within = t->organization.p ? arena_concat(a, t->organization, S("/")) : S("");
    return arena_format(a, "%.*s%sAWSLogs/%.*s%.*s", STR_ARGS(t->prefix), t->prefix.n ? "/" : "", STR_ARGS(within), STR_ARGS(account));
}

/* ---- the delegated administrator ---- */

static err refused(struct call *c, err e) {
    static const struct {
        const struct error *theirs, *ours;
    } table[] = {
        {&organizations_account_not_found_exception, &cloudtrail_account_not_found_exception},
        {&organizations_account_already_registered_exception, &cloudtrail_account_registered_exception},
        {&organizations_account_not_registered_exception, &cloudtrail_account_not_registered_exception},
        {&organizations_aws_organizations_not_in_use_exception, &cloudtrail_organizations_not_in_use_exception},
        {&organizations_constraint_violation_exception, &cloudtrail_cannot_delegate_management_account_exception},
    };
    str message = c->error_message;
    for (size_t i = 0; i < LENGTH(table); i++)
        if (e == table[i].theirs) return fail(c, table[i].ours, "%.*s", STR_ARGS(message));
    return fail(c, &cloudtrail_insufficient_dependency_service_access_permission_exception, "%.*s", STR_ARGS(message));
}

static err check_management(struct call *c) {
    str organization, account;
    TRY(ct_organization_check(c, &organization, &account));
    if (str_eq(account, c->account)) return NULL;
    return fail(c, &cloudtrail_not_organization_management_account_exception, "This operation can only be called by the organization's management account.");
}

/* With the rights of the caller, as AWS asks organizations:RegisterDelegatedAdministrator of it. */
static err forward(struct call *c, u16 op, const void *in) {
    struct wire_unit none;
    TRY(check_management(c));
    err e = call_service(c, &(struct call_other){.service = &organizations_service, .op = op, .as = CALL_FORWARDED}, in, &none);
    return e ? refused(c, e) : NULL;
}

err cloudtrail_register_organization_delegated_admin(struct call *c, const struct cloudtrail_register_organization_delegated_admin_request *in,
                                                     struct cloudtrail_register_organization_delegated_admin_response *out) {
    (void)out;
    struct organizations_register_delegated_administrator_request other = {.account_id = in->member_account_id, .service_principal = PRINCIPAL};
    return forward(c, ORGANIZATIONS_OP_REGISTER_DELEGATED_ADMINISTRATOR, &other);
}

err cloudtrail_deregister_organization_delegated_admin(struct call *c, const struct cloudtrail_deregister_organization_delegated_admin_request *in,
                                                       struct cloudtrail_deregister_organization_delegated_admin_response *out) {
    (void)out;
    struct organizations_deregister_delegated_administrator_request other = {.account_id = in->delegated_admin_account_id, .service_principal = PRINCIPAL};
    return forward(c, ORGANIZATIONS_OP_DEREGISTER_DELEGATED_ADMINISTRATOR, &other);
}

/* ---- rights: an organization's trail is every member's to ask about, with its own policies; whether it may be
 * changed is ct_organization_check's to say ---- */

static err facts_of(struct call *c, str name, struct auth_facts *facts) {
    struct arn arn;
    if (arn_parse(name, &arn) && str_eq(arn.account, ct_management_of(c))) facts->resource_account = c->account;
    return NULL;
}

#define FACTS(operation, member)                                                                                                         \
    err cloudtrail_##operation##_facts(struct call *c, const struct cloudtrail_##operation##_request *in, struct auth_facts *facts) {    \
        return facts_of(c, in->member, facts);                                                                                           \
    }
FACTS(get_trail, name)
FACTS(get_trail_status, name)
FACTS(start_logging, name)
FACTS(stop_logging, name)
FACTS(update_trail, name)
FACTS(delete_trail, name)
FACTS(put_event_selectors, trail_name)
FACTS(get_event_selectors, trail_name)
FACTS(put_insight_selectors, trail_name)
FACTS(get_insight_selectors, trail_name)
FACTS(add_tags, resource_id)
FACTS(remove_tags, resource_id)
