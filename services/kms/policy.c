/* Key policies: one a key, named default. Who may do what is the evaluator's to say (facts.c hands it over). */
#include "kms.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"

str kms_policy_default(struct call *c, str account) {
    return arena_format(c->arena,
                        "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
                        "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n"
                        "    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::%.*s:root\"\n    },\n"
                        "    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}",
                        STR_ARGS(account));
}

/* The safety check: whoever sets a policy must be able to set it again, unless he says that he means it. */
err kms_policy_take(struct call *c, str given, struct opt_bool bypass, str arn, str *policy) {
    str problem = {0};
    if (!policy_compile(given, POLICY_RESOURCE_ANY_SID, c->arena, &problem)) return fail(c, &kms_malformed_policy_document_exception, "%.*s", STR_ARGS(problem));
    if (!policy_principals_bind(c, given, policy, NULL))
        return fail(c, &kms_malformed_policy_document_exception, "Policy contains a statement with one or more invalid principals.");
    struct auth_facts facts = {.resource_policy = *policy, .resource_account = c->account, .policy_rules = true};
    if ((bypass.set && bypass.v) || may_with(c, S("kms:PutKeyPolicy"), arn, &facts)) return NULL;
    return fail(c, &kms_malformed_policy_document_exception, "The new key policy will not allow you to update the key policy in the future.");
}

static err check_policy_name(struct call *c, str name) {
    if (!name.p || str_eq(name, S("default"))) return NULL;
    return fail(c, &kms_not_found_exception, "No such policy exists");
}

err kms_get_key_policy(struct call *c, const struct kms_get_key_policy_request *in, struct kms_get_key_policy_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    TRY(check_policy_name(c, in->policy_name));
    out->policy = policy_principals_shown(c, k.policy);
    out->policy_name = S("default");
    return NULL;
}

err kms_put_key_policy(struct call *c, const struct kms_put_key_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(check_policy_name(c, in->policy_name));
    TRY(kms_policy_take(c, in->policy, in->bypass_policy_lockout_safety_check, k.arn, &k.policy));
    kms_key_save(c, &k);
    return NULL;
}

err kms_list_key_policies(struct call *c, const struct kms_list_key_policies_request *in, struct kms_list_key_policies_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    out->policy_names.v = NEW(c->arena, str);
    out->policy_names.v[out->policy_names.n++] = S("default");
    out->policy_names.set = true;
    out->truncated = SOME_BOOL(false);
    return NULL;
}
