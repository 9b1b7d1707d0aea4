/* Services that may work in the organization, and members that administer it for one of them. */
#include "organizations.h"

static str service_key(struct arena *a, const struct organization *o, str principal) {
    struct key k = organization_key(a, o, "service");
    key_str(&k, principal);
    return key_bytes(&k);
}
static struct key delegated_of(struct arena *a, const struct organization *o, str account) {
    struct key k = organization_key(a, o, "delegated");
    key_str(&k, account);
    return k;
}
static str delegated_key(struct arena *a, const struct organization *o, str account, str principal) {
    struct key k = delegated_of(a, o, account);
    key_str(&k, principal);
    return key_bytes(&k);
}
static str time_row(struct arena *a, i64 ms) { return arena_format(a, "%lld", (long long)ms); }
static struct opt_time row_time(str row) {
    i64 ms;
    ASSERT(str_to_i64(row, &ms));
    return SOME_TIME(ms);
}

bool is_delegated(struct txn *t, struct arena *a, const struct organization *o, str account) {
    struct key k = delegated_of(a, o, account);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    return range_next(&rows, &key, &value);
}

bool is_delegated_for(struct txn *t, struct arena *a, const struct organization *o, str account, str principal) {
    str row;
    return txn_get(t, delegated_key(a, o, account, principal), &row);
}

bool service_trusted(struct txn *t, struct arena *a, const struct organization *o, str principal) {
    str row;
    return txn_get(t, service_key(a, o, principal), &row);
}

void delegations_drop(struct txn *t, struct arena *a, const struct organization *o, str account) {
    struct key k = delegated_of(a, o, account);
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(t, from, key_after_prefix(a, from));
    while (range_next(&rows, &key, &value)) txn_delete(t, arena_str(a, key));
}

/* ---- services ---- */

static err check_principal(struct call *c, str principal) {
    if (str_ends(principal, S(".amazonaws.com"))) return NULL;
    return refuse_input(c, "UNRECOGNIZED_SERVICE_PRINCIPAL", "You specified an unrecognized service principal.");
}

err organizations_enable_aws_service_access(struct call *c, const struct organizations_enable_aws_service_access_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    str row;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    TRY(check_principal(c, in->service_principal));
    if (!o.all_features)
        return refuse_constraint(c, "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "This operation requires that all features are enabled in your organization.");
    str key = service_key(c->arena, &o, in->service_principal);
    if (!txn_get(c->txn, key, &row)) txn_put(c->txn, key, time_row(c->arena, c->now_ms));
    return NULL;
}

err organizations_disable_aws_service_access(struct call *c, const struct organizations_disable_aws_service_access_request *in, struct wire_unit *out) {
    (void)out;
    struct organization o;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    TRY(check_principal(c, in->service_principal));
    struct key k = organization_key(c->arena, &o, "delegated");
    str from = key_bytes(&k), key, value;
    struct range rows = txn_range(c->txn, from, key_after_prefix(c->arena, from));
    while (range_next(&rows, &key, &value)) { /* its administrators go with it */
        str rest = str_skip(key, from.n), account, principal;
        ASSERT(key_read_str(&rest, c->arena, &account) && key_read_str(&rest, c->arena, &principal));
        if (str_eq(principal, in->service_principal)) txn_delete(c->txn, arena_str(c->arena, key));
    }
    txn_delete(c->txn, service_key(c->arena, &o, in->service_principal));
    return NULL;
}

err organizations_list_aws_service_access_for_organization(struct call *c, const struct organizations_list_aws_service_access_for_organization_request *in,
                                                           struct organizations_list_aws_service_access_for_organization_response *out) {
    struct organization o;
    struct org_page p;
    str rest, value, principal;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = organization_key(c->arena, &o, "service");
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->enabled_service_principals =
        (struct organizations_enabled_service_principals){NEW_ARRAY(c->arena, struct organizations_enabled_service_principal, PAGE_MAX), 0, true};
    while (org_page_next(&p, &rest, &value)) {
        ASSERT(key_read_str(&rest, c->arena, &principal));
        out->enabled_service_principals.v[out->enabled_service_principals.n++] =
            (struct organizations_enabled_service_principal){principal, row_time(value)};
    }
    return NULL;
}

/* ---- administrators ---- */

err organizations_register_delegated_administrator(struct call *c, const struct organizations_register_delegated_administrator_request *in,
                                                   struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct member m;
    str row;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    TRY(check_principal(c, in->service_principal));
    TRY(member_open(c, &o, in->account_id, &m));
    if (str_eq(m.account, o.management))
        return refuse_constraint(c, "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
                                 "You cannot register master account/yourself as delegated administrator for your organization.");
    if (m.state != MEMBER_ACTIVE)
        return refuse_constraint(c, "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
                                 "You cannot register a suspended account as a delegated administrator.");
    if (!txn_get(c->txn, service_key(c->arena, &o, in->service_principal), &row))
        return refuse_constraint(c, "SERVICE_ACCESS_NOT_ENABLED",
                                 "You must enable service access for the service before you register a delegated administrator.");
    str key = delegated_key(c->arena, &o, m.account, in->service_principal);
    if (txn_get(c->txn, key, &row))
        return fail(c, &organizations_account_already_registered_exception,
                    "The provided account is already a delegated administrator for your organization.");
    txn_put(c->txn, key, time_row(c->arena, c->now_ms));
    return NULL;
}

static err refuse_not_registered(struct call *c) {
    return fail(c, &organizations_account_not_registered_exception,
                "The provided account is not a registered delegated administrator for your organization.");
}

err organizations_deregister_delegated_administrator(struct call *c, const struct organizations_deregister_delegated_administrator_request *in,
                                                     struct wire_unit *out) {
    (void)out;
    struct organization o;
    struct member m;
    str row;
    TRY(organization_open(c, REACH_MANAGEMENT, &o));
    TRY(member_open(c, &o, in->account_id, &m));
    str key = delegated_key(c->arena, &o, m.account, in->service_principal);
    if (!txn_get(c->txn, key, &row)) return refuse_not_registered(c);
    txn_delete(c->txn, key);
    return NULL;
}

/* An account that administers for several services stands there once, with the first date. */
err organizations_list_delegated_administrators(struct call *c, const struct organizations_list_delegated_administrators_request *in,
                                                struct organizations_list_delegated_administrators_response *out) {
    struct organization o;
    struct org_page p;
    str rest, value, account, principal;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    struct key k = organization_key(c->arena, &o, "delegated");
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->delegated_administrators =
        (struct organizations_delegated_administrators){NEW_ARRAY(c->arena, struct organizations_delegated_administrator, PAGE_MAX), 0, true};
    struct organizations_delegated_administrators *list = &out->delegated_administrators;
    while (org_page_next(&p, &rest, &value)) {
        struct member m;
        ASSERT(key_read_str(&rest, c->arena, &account) && key_read_str(&rest, c->arena, &principal));
        if (in->service_principal.n && !str_eq(principal, in->service_principal)) continue;
        if ((list->n && str_eq(list->v[list->n - 1].id, account)) || !member_load(c->txn, c->arena, account, &m)) continue;
        struct organizations_account x = account_shown(c, &o, &m);
        list->v[list->n++] = (struct organizations_delegated_administrator){
            .id = x.id, .arn = x.arn, .email = x.email, .name = x.name, .status = x.status, .state = x.state,
            .joined_method = x.joined_method, .joined_timestamp = x.joined_timestamp, .delegation_enabled_date = row_time(value)};
    }
    return NULL;
}

err organizations_list_delegated_services_for_account(struct call *c, const struct organizations_list_delegated_services_for_account_request *in,
                                                      struct organizations_list_delegated_services_for_account_response *out) {
    struct organization o;
    struct member m;
    struct org_page p;
    str rest, value, principal;
    TRY(organization_open(c, REACH_DELEGATED, &o));
    TRY(member_open(c, &o, in->account_id, &m));
    if (!is_delegated(c->txn, c->arena, &o, m.account)) return refuse_not_registered(c);
    struct key k = delegated_of(c->arena, &o, m.account);
    TRY(org_page_open(&p, c, &k, in->next_token, in->max_results, &out->next_token));
    out->delegated_services = (struct organizations_delegated_services){NEW_ARRAY(c->arena, struct organizations_delegated_service, PAGE_MAX), 0, true};
    while (org_page_next(&p, &rest, &value)) {
        ASSERT(key_read_str(&rest, c->arena, &principal));
        out->delegated_services.v[out->delegated_services.n++] = (struct organizations_delegated_service){principal, row_time(value)};
    }
    return NULL;
}
