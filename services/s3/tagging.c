/* Tags of buckets (in the cloud's registry, so that they find the bucket) and of objects (in the
 * object's row: there are too many objects for a registry). */
#include "services/s3/versions.h"

/* struct s3_tag is laid out like struct record_pair. */
_Static_assert(sizeof(struct s3_tag) == sizeof(struct record_pair)
                   && offsetof(struct s3_tag, value) == offsetof(struct record_pair, value),
               "a tag is a pair");

static struct record_pairs given_tags(const struct s3_tagging *tagging) {
    if (!tagging) return (struct record_pairs){0};
    return (struct record_pairs){(struct record_pair *)(void *)tagging->tag_set.v, tagging->tag_set.n,
                                 tagging->tag_set.n > 0};
}

/* ---- buckets ---- */

static const struct tag_errors bucket_errors = {&s3_bad_request, &s3_invalid_tag};

err s3_put_bucket_tagging(struct call *c, const struct s3_put_bucket_tagging_request *in,
                          struct wire_unit *out) {
    struct bucket_row bucket;
    struct record_pairs tags = given_tags(in->tagging);
    s3_usage_tier1(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_tags_check(c, &tags, S3_BUCKET_TAGS_MAX));
    str arn = s3_bucket_arn(c, in->bucket);
    tags_clear(c, arn);
    return tags.n ? tags_set(c, arn, &tags, &bucket_errors) : NULL;
}

err s3_get_bucket_tagging(struct call *c, const struct s3_get_bucket_tagging_request *in,
                          struct s3_get_bucket_tagging_output *out) {
    struct bucket_row bucket;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    struct record_pairs tags = tags_of(c, s3_bucket_arn(c, in->bucket));
    if (!tags.n) {
        fail_detail(c, S("BucketName"), in->bucket);
        return fail(c, &s3_no_such_tag_set, "The TagSet does not exist");
    }
    out->tag_set.v = (struct s3_tag *)(void *)tags.v;
    out->tag_set.n = tags.n;
    out->tag_set.set = true;
    return NULL;
}

err s3_delete_bucket_tagging(struct call *c, const struct s3_delete_bucket_tagging_request *in,
                             struct wire_unit *out) {
    struct bucket_row bucket;
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    tags_clear(c, s3_bucket_arn(c, in->bucket));
    return NULL;
}

/* ---- objects ---- */

static err object_tags_write(struct call *c, str bucket_name, str owner, str key, str version_id,
                             struct record_pairs tags, str *version) {
    struct bucket_row bucket;
    struct object_row object;
    TRY(s3_bucket_open(c, bucket_name, owner, &bucket));
    TRY(s3_object_open_attribute(c, &bucket, key, version_id, &object));
    *version = s3_version_shown(&bucket, &object);
    object.tags = tags;
    s3_object_update(c, &bucket, key, &object);
    s3_event_tags(c, &bucket, key, &object);
    txn_raise_epoch(c->txn); /* policies may ask for s3:ExistingObjectTag */
    return NULL;
}

err s3_put_object_tagging(struct call *c, const struct s3_put_object_tagging_request *in,
                          struct s3_put_object_tagging_output *out) {
    struct record_pairs tags = given_tags(in->tagging);
    s3_usage_tier1(c);
    TRY(s3_tags_check(c, &tags, S3_OBJECT_TAGS_MAX));
    return object_tags_write(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id, tags,
                             &out->version_id);
}

err s3_delete_object_tagging(struct call *c, const struct s3_delete_object_tagging_request *in,
                             struct s3_delete_object_tagging_output *out) {
    return object_tags_write(c, in->bucket, in->expected_bucket_owner, in->key, in->version_id,
                             (struct record_pairs){0}, &out->version_id);
}

err s3_get_object_tagging(struct call *c, const struct s3_get_object_tagging_request *in,
                          struct s3_get_object_tagging_output *out) {
    struct bucket_row bucket;
    struct object_row object;
    s3_usage_tier2(c);
    TRY(s3_bucket_open(c, in->bucket, in->expected_bucket_owner, &bucket));
    TRY(s3_object_open_attribute(c, &bucket, in->key, in->version_id, &object));
    out->version_id = s3_version_shown(&bucket, &object);
    out->tag_set.v = (struct s3_tag *)(void *)object.tags.v;
    out->tag_set.n = object.tags.n;
    out->tag_set.set = true;
    return NULL;
}
