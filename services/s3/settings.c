/* Plain settings of a bucket: who pays, transfer acceleration, where access logs go. */
#include "services/s3/acl.h"
#include "services/s3/observe.h"

/* ---- requester pays ---- */

err s3_put_bucket_request_payment(struct call *c, const struct s3_put_bucket_request_payment_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    str payer = in->request_payment_configuration ? in->request_payment_configuration->payer : (str){0};
    if (!str_eq(payer, S("Requester")) && !str_eq(payer, S("BucketOwner"))) return s3_fail_malformed(c);
    bucket.requester_pays = str_eq(payer, S("Requester"));
    s3_bucket_update(c, &bucket);
    txn_raise_epoch(c->txn);
    return NULL;
}

err s3_get_bucket_request_payment(struct call *c, const struct s3_get_bucket_request_payment_request *in,
                                  struct s3_get_bucket_request_payment_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->payer = bucket.requester_pays ? S("Requester") : S("BucketOwner");
    return NULL;
}

/* ---- transfer acceleration: a setting of the name; requests to s3-accelerate hosts come in as all do ---- */

enum { ACCELERATE_NEVER, ACCELERATE_ENABLED, ACCELERATE_SUSPENDED };

err s3_put_bucket_accelerate_configuration(struct call *c, const struct s3_put_bucket_accelerate_configuration_request *in,
                                           struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    str status = in->accelerate_configuration ? in->accelerate_configuration->status : (str){0};
    bool enabled = str_eq(status, S("Enabled"));
    if (!enabled && !str_eq(status, S("Suspended"))) return s3_fail_malformed(c);
    if (str_find_char(in->bucket, '.') != STR_NONE)
        return fail(c, &s3_invalid_request, "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
    bucket.acceleration = enabled ? ACCELERATE_ENABLED : ACCELERATE_SUSPENDED;
    s3_bucket_update(c, &bucket);
    return NULL;
}

err s3_get_bucket_accelerate_configuration(struct call *c, const struct s3_get_bucket_accelerate_configuration_request *in,
                                           struct s3_get_bucket_accelerate_configuration_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (bucket.acceleration) out->status = bucket.acceleration == ACCELERATE_ENABLED ? S("Enabled") : S("Suspended");
    return NULL;
}

/* ---- access logs ---- */

/* Who else may read the logs, by lists of rights: where the target has these. */
static err target_grants_check(struct call *c, const struct bucket_row *target, const struct s3_logging_enabled *wanted) {
    for (u32 i = 0; i < wanted->target_grants.n; i++) {
        const struct s3_target_grant *g = &wanted->target_grants.v[i];
        bool known = str_eq(g->permission, S("READ")) || str_eq(g->permission, S("WRITE")) || str_eq(g->permission, S("FULL_CONTROL"));
        if (!g->grantee || !known || (!g->grantee->id.p && !g->grantee->uri.p && !g->grantee->email_address.p)) return s3_fail_malformed(c);
    }
    if (wanted->target_grants.n && s3_acls_off(target))
        return fail(c, &s3_access_control_list_not_supported, "Target grants not allowed for bucket owner enforced buckets");
    return NULL;
}

static err logging_check(struct call *c, const struct bucket_row *bucket, const struct s3_logging_enabled *wanted) {
    struct bucket_row target;
    if (!wanted->target_bucket.p || !wanted->target_prefix.p) return s3_fail_malformed(c);
    if (!s3_bucket_find(c, wanted->target_bucket, &target)) {
        fail_detail(c, S("TargetBucket"), wanted->target_bucket);
        return fail(c, &s3_invalid_target_bucket_for_logging, "The target bucket for logging does not exist");
    }
    if (!str_eq(target.account, bucket->account)) {
        fail_detail(c, S("TargetBucket"), wanted->target_bucket);
        return fail(c, &s3_invalid_target_bucket_for_logging,
                    "The owner for the bucket to be logged and the target bucket must be the same");
    }
    if (!str_eq(target.region, bucket->region)) {
        if (!str_eq(c->region, S("us-east-1"))) fail_detail(c, S("SourceBucketLocation"), bucket->region);
        fail_detail(c, S("TargetBucketLocation"), target.region);
        return fail(c, &s3_cross_location_logging_prohibitted, "Cross S3 location logging not allowed. ");
    }
    return target_grants_check(c, &target, wanted);
}

err s3_put_bucket_logging(struct call *c, const struct s3_put_bucket_logging_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!in->bucket_logging_status) return s3_fail_malformed(c);
    const struct s3_logging_enabled *wanted = in->bucket_logging_status->logging_enabled;
    if (!wanted) {
        s3_config_delete(c, &bucket, S3_CONFIG_LOGGING);
        return NULL;
    }
    TRY(logging_check(c, &bucket, wanted));
    if (!s3_configured(&bucket, S3_CONFIG_LOGGING)) s3_access_log_begin(c, &bucket);
    s3_config_put(c, &bucket, S3_CONFIG_LOGGING, &s3_logging_record, wanted);
    return NULL;
}

err s3_get_bucket_logging(struct call *c, const struct s3_get_bucket_logging_request *in, struct s3_get_bucket_logging_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct s3_logging_enabled *enabled = NEW(c->arena, struct s3_logging_enabled);
    if (s3_config_get(c, &bucket, S3_CONFIG_LOGGING, &s3_logging_record, enabled)) out->logging_enabled = enabled;
    return NULL;
}
