/* The operations about who may: lists of rights, who owns objects, Block Public Access. */
#include "services/s3/access_point.h"
#include "services/s3/acl.h"
#include "services/s3/versions.h"

static err nothing_asked(struct call *c) {
    fail_detail(c, S("MissingHeaderName"), S("x-amz-acl"));
    return fail(c, &s3_missing_security_header, "Your request was missing a required header");
}

static err change_check(struct call *c, const struct bucket_row *bucket, const struct s3_acl_request *r, str owner, str action,
                        str arn, struct s3_grants *grants) {
    if (!s3_acl_asked(r)) return nothing_asked(c);
    TRY(s3_acl_read(c, bucket, r, owner, grants));
    if (s3_acls_off(bucket)) return fail(c, &s3_access_control_list_not_supported, "The bucket does not allow ACLs");
    if (s3_acl_public(grants) && s3_blocked(c, bucket) & S3_BLOCK_PUBLIC_ACLS)
        return s3_fail_public(c, action, arn, "access control lists (ACLs)", "BlockPublicAcls");
    return NULL;
}

/* ---- lists ---- */

err s3_put_bucket_acl(struct call *c, const struct s3_put_bucket_acl_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    struct s3_acl_row row;
    struct s3_acl_request request = S3_ACL_OF(in);
    request.write = in->grant_write;
    request.policy = in->access_control_policy;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(change_check(c, &bucket, &request, bucket.account, S("s3:PutBucketAcl"), s3_bucket_arn(c, in->bucket), &row.grants));
    if (row.grants.set) s3_config_put(c, &bucket, S3_CONFIG_ACL, &s3_acl_record, &row);
    else s3_config_delete(c, &bucket, S3_CONFIG_ACL);
    txn_raise_epoch(c->txn);
    return NULL;
}

err s3_get_bucket_acl(struct call *c, const struct s3_get_bucket_acl_request *in, struct s3_get_bucket_acl_output *out) {
    struct bucket_row bucket;
    struct s3_acl_row row = {0};
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!s3_acls_off(&bucket)) (void)s3_config_get(c, &bucket, S3_CONFIG_ACL, &s3_acl_record, &row);
    out->grants = s3_acl_shown(c, &row.grants, bucket.account);
    out->owner = s3_owner(c, bucket.account);
    return NULL;
}

static str owner_of(const struct bucket_row *bucket, const struct object_row *object) {
    return object->owner.p && !s3_acls_off(bucket) ? object->owner : bucket->account;
}

/* To compare: setting the list that is there is no event. */
static str rights_bytes(struct call *c, const struct object_row *object) {
    struct s3_acl_row row = {object->grants};
    return record_encode(c->arena, &s3_acl_record, &row);
}

err s3_put_object_acl(struct call *c, const struct s3_put_object_acl_request *in, struct s3_put_object_acl_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    struct s3_acl_request request = S3_ACL_OF(in);
    request.write = in->grant_write;
    request.policy = in->access_control_policy;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_object_open_attribute(c, &bucket, in->key, in->version_id, &object));
    str before = rights_bytes(c, &object);
    TRY(change_check(c, &bucket, &request, owner_of(&bucket, &object), S("s3:PutObjectAcl"), s3_object_arn(c, in->bucket, in->key),
                     &object.grants));
    s3_object_update(c, &bucket, in->key, &object);
    if (!str_eq(before, rights_bytes(c, &object))) s3_event_acl(c, &bucket, in->key, &object);
    txn_raise_epoch(c->txn);
    return NULL;
}

err s3_get_object_acl(struct call *c, const struct s3_get_object_acl_request *in, struct s3_get_object_acl_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    static const struct s3_grants none = {0};
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_object_open(c, &bucket, in->key, in->version_id, &object));
    str owner = owner_of(&bucket, &object);
    out->grants = s3_acl_shown(c, s3_acls_off(&bucket) ? &none : &object.grants, owner);
    out->owner = s3_owner(c, owner);
    return NULL;
}

/* ---- ownership ---- */

static const char *const ownerships[] = {
    [S3_OWNERSHIP_ENFORCED] = "BucketOwnerEnforced", [S3_OWNERSHIP_PREFERRED] = "BucketOwnerPreferred", [S3_OWNERSHIP_WRITER] = "ObjectWriter"};

bool s3_ownership_read(str name, i32 *ownership) {
    for (i32 i = 0; i < (i32)LENGTH(ownerships); i++)
        if (str_eq(name, str_of(ownerships[i]))) return *ownership = i, true;
    return false;
}

err s3_put_bucket_ownership_controls(struct call *c, const struct s3_put_bucket_ownership_controls_request *in,
                                     struct wire_unit *out) {
    struct bucket_row bucket;
    i32 wanted;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    const struct s3_ownership_controls *controls = in->ownership_controls;
    if (!controls || controls->rules.n != 1 || !s3_ownership_read(controls->rules.v[0].object_ownership, &wanted))
        return s3_fail_malformed(c);
    if (wanted == S3_OWNERSHIP_ENFORCED && s3_configured(&bucket, S3_CONFIG_ACL))
        return fail(c, &s3_invalid_bucket_acl_with_object_ownership,
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
    bucket.ownership = wanted;
    s3_bucket_update(c, &bucket);
    txn_raise_epoch(c->txn);
    return NULL;
}

err s3_get_bucket_ownership_controls(struct call *c, const struct s3_get_bucket_ownership_controls_request *in,
                                     struct s3_get_bucket_ownership_controls_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (bucket.ownership == S3_OWNERSHIP_UNSET) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_ownership_controls_not_found_error, "The bucket ownership controls were not found");
    }
    out->ownership_controls = NEW(c->arena, struct s3_ownership_controls);
    out->ownership_controls->rules.v = NEW(c->arena, struct s3_ownership_controls_rule);
    out->ownership_controls->rules.v[0].object_ownership = str_of(ownerships[bucket.ownership]);
    out->ownership_controls->rules.n = 1;
    out->ownership_controls->rules.set = true;
    return NULL;
}

/* Without the setting a bucket is as buckets were before there was one: the writer owns. */
err s3_delete_bucket_ownership_controls(struct call *c, const struct s3_delete_bucket_ownership_controls_request *in,
                                        struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    bucket.ownership = S3_OWNERSHIP_UNSET;
    s3_bucket_update(c, &bucket);
    txn_raise_epoch(c->txn);
    return NULL;
}

/* ---- Block Public Access ---- */

err s3_put_public_access_block(struct call *c, const struct s3_put_public_access_block_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    const struct s3_public_access_block_configuration *wanted = in->public_access_block_configuration;
    if (!wanted || !(wanted->block_public_acls.set || wanted->ignore_public_acls.set || wanted->block_public_policy.set
                     || wanted->restrict_public_buckets.set))
        return s3_fail_malformed(c);
    bucket.public_access = S3_PUBLIC_ACCESS_SET | (wanted->block_public_acls.v ? S3_BLOCK_PUBLIC_ACLS : 0)
                           | (wanted->ignore_public_acls.v ? S3_IGNORE_PUBLIC_ACLS : 0)
                           | (wanted->block_public_policy.v ? S3_BLOCK_PUBLIC_POLICY : 0)
                           | (wanted->restrict_public_buckets.v ? S3_RESTRICT_PUBLIC_BUCKETS : 0);
    s3_bucket_update(c, &bucket);
    txn_raise_epoch(c->txn);
    return NULL;
}

err s3_get_public_access_block(struct call *c, const struct s3_get_public_access_block_request *in,
                               struct s3_get_public_access_block_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (!(bucket.public_access & S3_PUBLIC_ACCESS_SET)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_no_such_public_access_block_configuration, "The public access block configuration was not found");
    }
    struct s3_public_access_block_configuration *shown = NEW(c->arena, struct s3_public_access_block_configuration);
    shown->block_public_acls = SOME_BOOL(bucket.public_access & S3_BLOCK_PUBLIC_ACLS);
    shown->ignore_public_acls = SOME_BOOL(bucket.public_access & S3_IGNORE_PUBLIC_ACLS);
    shown->block_public_policy = SOME_BOOL(bucket.public_access & S3_BLOCK_PUBLIC_POLICY);
    shown->restrict_public_buckets = SOME_BOOL(bucket.public_access & S3_RESTRICT_PUBLIC_BUCKETS);
    out->public_access_block_configuration = shown;
    return NULL;
}

err s3_delete_public_access_block(struct call *c, const struct s3_delete_public_access_block_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    bucket.public_access = 0;
    s3_bucket_update(c, &bucket);
    txn_raise_epoch(c->txn);
    return NULL;
}
