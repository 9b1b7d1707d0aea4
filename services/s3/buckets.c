/* The operations on buckets themselves: creation, deletion, what there is. A bucket belongs to an account and has a
 * region; one endpoint serves all regions. */
#include "services/s3/access_point.h"
#include "services/s3/acl.h"

enum { BUCKETS_PAGE_MAX = 10000 };

/* ---- creation ---- */

/* The region of a new bucket: what the client's endpoint and its constraint say together. */
static err region_of_new(struct call *c, str constraint, str *region) {
    bool home = str_eq(c->region, S("us-east-1"));
    *region = str_eq(constraint, S("EU")) ? S("eu-west-1") : constraint;
    if (!constraint.n) {
        *region = c->region;
        constraint = S("unspecified");
        if (home) return NULL;
    } else if (home) {
        if (region_known(*region) && !str_eq(*region, c->region)) return NULL;
        fail_detail(c, S("LocationConstraint"), constraint);
        return fail(c, &s3_invalid_location_constraint,
                    "The specified location-constraint is not valid");
    } else if (str_eq(*region, c->region)) {
        return NULL;
    }
    return fail(c, &s3_illegal_location_constraint_exception,
                "The %.*s location constraint is incompatible for the region specific endpoint this "
                "request was sent to.",
                STR_ARGS(constraint));
}

static err creation_check(struct call *c, const struct s3_create_bucket_request *in) {
    if (!s3_bucket_name_valid(in->bucket)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_invalid_bucket_name, "The specified bucket is not valid.");
    }
    const struct s3_create_bucket_configuration *configuration = in->create_bucket_configuration;
    if (configuration && (configuration->location || configuration->bucket))
        return fail(c, &s3_not_implemented, "Directory buckets are not implemented");
    return NULL;
}

static str new_location(struct call *c, str name, bool constrained) {
    if (!constrained) return arena_concat(c->arena, S("/"), name);
    size_t host = str_find(c->base_url, S("://"));
    if (host == STR_NONE) return arena_concat(c->arena, S("/"), name);
    return arena_format(c->arena, "%.*s%.*s.%.*s/", STR_ARGS(str_take(c->base_url, host + 3)),
                        STR_ARGS(name), STR_ARGS(str_skip(c->base_url, host + 3)));
}

static const struct tag_errors bucket_tag_errors = {&s3_bad_request, &s3_invalid_tag};

/* Who owns what is written into it, and its list of rights. */
static err rights_of_new(struct call *c, const struct s3_create_bucket_request *in, struct bucket_row *bucket, struct s3_acl_row *acl) {
    struct s3_acl_request request = S3_ACL_OF(in);
    request.write = in->grant_write;
    if (in->object_ownership.p && !s3_ownership_read(in->object_ownership, &bucket->ownership)) {
        fail_detail(c, S("ArgumentName"), S("x-amz-object-ownership"));
        return fail(c, &s3_invalid_argument, "Invalid x-amz-object-ownership header: %.*s", STR_ARGS(in->object_ownership));
    }
    bucket->public_access = S3_PUBLIC_ACCESS_SET | S3_BLOCK_PUBLIC_ACLS | S3_IGNORE_PUBLIC_ACLS | S3_BLOCK_PUBLIC_POLICY
                            | S3_RESTRICT_PUBLIC_BUCKETS;
    TRY(s3_acl_read(c, bucket, &request, bucket->account, &acl->grants));
    if (!s3_acl_asked(&request) || !acl->grants.set) return NULL;
    if (s3_acls_off(bucket))
        return fail(c, &s3_invalid_bucket_acl_with_object_ownership,
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
    if (s3_acl_public(&acl->grants))
        return fail(c, &s3_invalid_bucket_acl_with_block_public_access_error, "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
    return NULL;
}

/* DIFFERS: names are unique within an account, not among all accounts; BucketAlreadyExists does not
 * occur. A name means the caller's own bucket, else the oldest that another account has. */
err s3_create_bucket(struct call *c, const struct s3_create_bucket_request *in,
                     struct s3_create_bucket_output *out) {
    s3_usage_tier1(c);
    TRY(creation_check(c, in));
    const struct s3_create_bucket_configuration *configuration = in->create_bucket_configuration;
    str constraint = configuration ? configuration->location_constraint : (str){0};
    struct bucket_row bucket, old;
    str region;
    TRY(region_of_new(c, constraint, &region));
    struct record_pairs tags = {0};
    if (configuration && configuration->tags.set) {
        tags = (struct record_pairs){(struct record_pair *)(void *)configuration->tags.v,
                                     configuration->tags.n, true};
        TRY(s3_tags_check(c, &tags, S3_BUCKET_TAGS_MAX));
    }
    str arn = s3_bucket_arn(c, in->bucket);
    out->location = new_location(c, in->bucket, constraint.n > 0);
    out->bucket_arn = arn;
    if (s3_bucket_own(c, c->account, in->bucket, &old)) {
        /* us-east-1 answers a repeated creation with success, as it always has. */
        if (str_eq(c->region, S("us-east-1")) && str_eq(old.region, region) && !tags.n) return NULL;
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_bucket_already_owned_by_you,
                    "Your previous request to create the named bucket succeeded and you already own "
                    "it.");
    }
    bucket = (struct bucket_row){.account = c->account,
                                 .id = txn_sequence(c->txn),
                                 .name = in->bucket,
                                 .region = region,
                                 .location_constraint = constraint.n ? constraint : (str){0},
                                 .created_ms = c->now_ms};
    if (in->object_lock_enabled_for_bucket.set && in->object_lock_enabled_for_bucket.v) {
        bucket.object_lock = true;
        bucket.versioning = S3_VERSIONING_ENABLED;
    }
    struct s3_acl_row acl = {0};
    TRY(rights_of_new(c, in, &bucket, &acl));
    s3_bucket_update(c, &bucket);
    if (acl.grants.set) s3_config_put(c, &bucket, S3_CONFIG_ACL, &s3_acl_record, &acl);
    txn_put(c->txn, s3_owner_key(c, &bucket), bucket.account);
    s3_night_begin(c, &bucket);
    str asked = c->region;
    c->region = region; /* where the bucket is, not where the call came in */
    registry_add(c, arn, S("AWS::S3::Bucket"));
    c->region = asked;
    txn_raise_epoch(c->txn); /* whose a name is decides who may */
    return tags.n ? tags_set(c, arn, &tags, &bucket_tag_errors) : NULL;
}

err s3_delete_bucket(struct call *c, const struct s3_delete_bucket_request *in, struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    str objects = s3_objects_prefix(c, &bucket), key, value;
    struct range rows = txn_range(c->txn, objects, key_after_prefix(c->arena, objects));
    if (range_next(&rows, &key, &value)) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_bucket_not_empty, "The bucket you tried to delete is not empty");
    }
    if (s3_has_access_points(c, &bucket))
        return fail(c, &s3_bucket_has_access_points_attached,
                    "The bucket you are attempting to delete has access points attached. Delete your access points and try again.");
    s3_uploads_sweep(c, &bucket);
    s3_config_clear(c, &bucket);
    txn_raise_epoch(c->txn);
    txn_delete(c->txn, s3_bucket_key(c, bucket.account, in->bucket));
    txn_delete(c->txn, s3_owner_key(c, &bucket));
    registry_remove(c, s3_bucket_arn(c, in->bucket));
    return NULL;
}

/* ---- reading ---- */

err s3_head_bucket(struct call *c, const struct s3_head_bucket_request *in,
                   struct s3_head_bucket_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    out->bucket_arn = s3_bucket_arn(c, in->bucket);
    out->bucket_region = bucket.region;
    out->access_point_alias = SOME_BOOL(false);
    return NULL;
}

err s3_get_bucket_location(struct call *c, const struct s3_get_bucket_location_request *in,
                           struct s3_get_bucket_location_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    if (bucket.location_constraint.p) out->location_constraint = bucket.location_constraint;
    else if (!str_eq(bucket.region, S("us-east-1"))) out->location_constraint = bucket.region;
    return NULL;
}

/* ---- listing ---- */

err s3_list_buckets(struct call *c, const struct s3_list_buckets_request *in,
                    struct s3_list_buckets_output *out) {
    s3_usage_tier1(c);
    i32 max = in->max_buckets.set ? in->max_buckets.v : BUCKETS_PAGE_MAX;
    if (max < 1 || max > BUCKETS_PAGE_MAX)
        return s3_fail_argument(c, "max-buckets", arena_format(c->arena, "%d", max),
                                "Argument max-buckets must be an integer between 1 and 10000");
    if (in->bucket_region.p && !region_known(in->bucket_region)) {
        fail_detail(c, S("ArgumentName"), S("bucket-region"));
        return fail(c, &s3_invalid_argument, "Argument value %.*s is not a valid AWS Region",
                    STR_ARGS(in->bucket_region));
    }
    out->buckets.set = true;
    out->owner = s3_owner(c, c->account);
    if (in->prefix.n) out->prefix = in->prefix;
    if (in->prefix.n > S3_BUCKET_NAME_MAX) return NULL;
    str base = s3_buckets_prefix(c, c->account), after = {0};
    str from = s3_key_with_prefix(c, base, in->prefix), key, value;
    str end = key_after_prefix(c->arena, from);
    if (in->continuation_token.n) {
        if (!page_position(c, in->continuation_token, &after))
            return s3_fail_argument(c, "continuation-token", (str){0},
                                    "The continuation token provided is incorrect");
        from = s3_key_after_string(c, base, after);
    }
    struct range rows = txn_range(c->txn, from, end);
    struct s3_bucket *found = NEW_ARRAY(c->arena, struct s3_bucket, (size_t)MIN(max, 1000));
    u32 n = 0, room = (u32)MIN(max, 1000);
    bool more = false;
    while (range_next(&rows, &key, &value)) {
        struct bucket_row bucket = {0};
        ASSERT(record_decode(c->arena, &s3_bucket_record, value, &bucket));
        if (in->bucket_region.n && !str_eq(bucket.region, in->bucket_region)) continue;
        if ((more = n == (u32)max)) break;
        if (n == room) {
            struct s3_bucket *wider = NEW_ARRAY(c->arena, struct s3_bucket, (size_t)room * 2);
            memcpy(wider, found, n * sizeof *found);
            found = wider;
            room *= 2;
        }
        found[n++] = (struct s3_bucket){.name = bucket.name,
                                        .creation_date = SOME_TIME(bucket.created_ms),
                                        .bucket_region = bucket.region,
                                        .bucket_arn = s3_bucket_arn(c, bucket.name)};
    }
    out->buckets.v = found;
    out->buckets.n = n;
    if (more) out->continuation_token = page_token(c, found[n - 1].name);
    return NULL;
}
