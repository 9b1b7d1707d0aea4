/* Key policies: one a key, named default. Who may do what is the evaluator's to say (facts.c hands it over). */
#include "kms.h"

#include "text/json.h"

str kms_policy_default(struct call *c, str account) {
    return arena_format(c->arena,
                        "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n"
                        "    \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n"
                        "    \"Principal\" : {\n      \"AWS\" : \"arn:aws:iam::%.*s:root\"\n    },\n"
                        "    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}",
                        STR_ARGS(account));
}

err kms_policy_check(struct call *c, str policy, bool bypass, str arn) {
    struct json_reader r = json_reader_new(c->arena, policy, json_default_limits);
    str key;
    bool statement = false;
    (void)bypass;
    (void)arn;
    if (json_read_object(&r))
        while (json_read_key(&r, &key)) {
            statement |= str_eq(key, S("Statement"));
            json_skip(&r);
        }
    if (json_done(&r) && statement) return NULL;
    return fail(c, &kms_malformed_policy_document_exception, "%s", r.problem ? r.problem : "Policy has no statements");
}

static err check_policy_name(struct call *c, str name) {
    if (!name.p || str_eq(name, S("default"))) return NULL;
    return fail(c, &kms_not_found_exception, "No such policy exists");
}

err kms_get_key_policy(struct call *c, const struct kms_get_key_policy_request *in, struct kms_get_key_policy_response *out) {
    struct kms_key k;
    TRY(kms_key_open(c, in->key_id, OPEN_HERE, &k));
    TRY(check_policy_name(c, in->policy_name));
    out->policy = k.policy;
    out->policy_name = S("default");
    return NULL;
}

err kms_put_key_policy(struct call *c, const struct kms_put_key_policy_request *in, struct wire_unit *out) {
    (void)out;
    struct kms_key k;
    TRY(kms_key_open_own(c, in->key_id, &k));
    TRY(kms_key_check_not_pending(c, &k));
    TRY(check_policy_name(c, in->policy_name));
    TRY(kms_policy_check(c, in->policy, in->bypass_policy_lockout_safety_check.set && in->bypass_policy_lockout_safety_check.v, k.arn));
    k.policy = in->policy;
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
