/* Whose data it is, and what the account is called. */
#include "account.h"

#include "gen/organizations.h"

str account_key(struct arena *a, str account, const char *type, str name) {
    struct key k = key_new(a, S("account"));
    key_str(&k, account);
    key_str(&k, S(""));
    key_str(&k, str_of(type));
    key_str(&k, name);
    return key_bytes(&k);
}

static err refuse(struct call *c, const char *why) {
    return fail(c, &account_access_denied_exception, "User: %.*s is not authorized to perform: account:%s (%s)", STR_ARGS(c->principal->arn),
                c->service->wire->text + c->op->name, why);
}

err account_open(struct call *c, str asked, str *account) {
    *account = c->account;
    if (!asked.n) return NULL;
    if (str_eq(asked, c->account))
        return refuse(c, "The management account can only be managed using the standalone context from the management account.");
    /* DIFFERS: AWS also wants access enabled for account.amazonaws.com in the organization. */
    const struct call_other other = {.service = &organizations_service, .op = ORGANIZATIONS_OP_DESCRIBE_ACCOUNT, .as = CALL_AS_SERVICE};
    struct organizations_describe_account_request in = {.account_id = asked};
    struct organizations_describe_account_response out = {0};
    if (call_service(c, &other, &in, &out)) return refuse(c, "The account is not a member of an organization that you manage.");
    *account = asked;
    return NULL;
}

err account_absent(struct call *c, const char *what) { return fail(c, &account_resource_not_found_exception, "No %s found for the account.", what); }

err account_get_account_information(struct call *c, const struct account_get_account_information_request *in,
                                    struct account_get_account_information_response *out) {
    str account;
    TRY(account_open(c, in->account_id, &account));
    struct account_profile profile = account_profile(c->txn, c->arena, account);
    out->account_id = account;
    out->account_name = profile.name;
    out->account_created_date = SOME_TIME(profile.created_ms);
    out->account_state = S("ACTIVE");
    return NULL;
}

err account_put_account_name(struct call *c, const struct account_put_account_name_request *in, struct wire_unit *out) {
    (void)out;
    str account;
    TRY(account_open(c, in->account_id, &account));
    struct account_profile profile = account_profile(c->txn, c->arena, account);
    profile.name = in->account_name;
    account_profile_put(c->txn, c->arena, account, &profile);
    return NULL;
}

err account_get_primary_email(struct call *c, const struct account_get_primary_email_request *in, struct account_get_primary_email_response *out) {
    str account;
    TRY(account_open(c, in->account_id, &account));
    out->primary_email = account_profile(c->txn, c->arena, account).email;
    return NULL;
}
