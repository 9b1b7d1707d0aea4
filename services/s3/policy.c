/* Bucket policies: taken when they are valid and allowed to be public, and handed to the gate by may.c. */
#include "services/s3/access_point.h"
#include "services/s3/acl.h"

#include "auth/policy.h"
#include "cloud/policy_principal.h"

enum { POLICY_MAX = 20 << 10 };

static err malformed(struct call *c, const char *problem) { return fail(c, &s3_malformed_policy, "%s", problem); }

static err policy_read(struct call *c, const struct bucket_row *bucket, str json, const struct policy **policy) {
    str problem = {0}, text = str_trim(json);
    if (json.n > POLICY_MAX) return malformed(c, "The policy exceeds the maximum allowed size of 20480 bytes.");
    if (!text.n || text.p[0] != '{') return malformed(c, "Policies must be valid JSON and the first byte must be '{'");
    if (str_find(text, S("\"Statement\"")) == STR_NONE) return malformed(c, "Missing required field Statement");
    *policy = policy_compile(json, POLICY_RESOURCE, c->arena, &problem);
    if (!*policy) return fail(c, &s3_malformed_policy, "%.*s", STR_ARGS(problem));
    if (!policy_actions_of(*policy, S("s3"))) return malformed(c, "Policy has invalid action");
    if (!policy_resources_of(*policy, s3_bucket_arn(c, bucket->name))) return malformed(c, "Policy has invalid resource");
    return NULL;
}

/* The policy as it is stored. Malformed: the error that the operation's service has for it. */
err s3_policy_bind(struct call *c, str given, str *policy, err malformed_policy) {
    struct policy_stranger stranger;
    if (policy_principals_bind(c, given, policy, &stranger)) return NULL;
    fail_detail(c, S("Detail"), arena_format(c->arena, "\"%s\" : \"%.*s\"", stranger.type, STR_ARGS(stranger.name)));
    return fail(c, malformed_policy, "Invalid principal in policy");
}

err s3_put_bucket_policy(struct call *c, const struct s3_put_bucket_policy_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    const struct policy *policy = NULL;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(policy_read(c, &bucket, in->policy, &policy));
    struct s3_policy_row row = {.is_public = policy_is_public(policy)};
    TRY(s3_policy_bind(c, in->policy, &row.json, &s3_malformed_policy));
    if (row.is_public && s3_blocked(c, &bucket) & S3_BLOCK_PUBLIC_POLICY)
        return s3_fail_public(c, S("s3:PutBucketPolicy"), s3_bucket_arn(c, in->bucket), "policies", "BlockPublicPolicy");
    s3_config_put(c, &bucket, S3_CONFIG_POLICY, &s3_policy_record, &row);
    txn_raise_epoch(c->txn);
    return NULL;
}

static err policy_open(struct call *c, str name, str owner, struct bucket_row *bucket, struct s3_policy_row *row) {
    TRY(s3_bucket_open(c, name, owner, bucket));
    if (s3_config_get(c, bucket, S3_CONFIG_POLICY, &s3_policy_record, row)) return NULL;
    fail_detail(c, S("BucketName"), name);
    return fail(c, &s3_no_such_bucket_policy, "The bucket policy does not exist");
}

err s3_get_bucket_policy(struct call *c, const struct s3_get_bucket_policy_request *in, struct s3_get_bucket_policy_output *out) {
    struct bucket_row bucket;
    struct s3_policy_row row;
    s3_usage_tier2(c);
    TRY(policy_open(c, in->bucket, in->expected_bucket_owner, &bucket, &row));
    out->policy = policy_principals_shown(c, row.json);
    return NULL;
}

err s3_get_bucket_policy_status(struct call *c, const struct s3_get_bucket_policy_status_request *in,
                                struct s3_get_bucket_policy_status_output *out) {
    struct bucket_row bucket;
    struct s3_policy_row row;
    s3_usage_tier2(c);
    TRY(policy_open(c, in->bucket, in->expected_bucket_owner, &bucket, &row));
    out->policy_status = NEW(c->arena, struct s3_policy_status);
    out->policy_status->is_public = SOME_BOOL(row.is_public);
    return NULL;
}

err s3_delete_bucket_policy(struct call *c, const struct s3_delete_bucket_policy_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    s3_config_delete(c, &bucket, S3_CONFIG_POLICY);
    txn_raise_epoch(c->txn);
    return NULL;
}
