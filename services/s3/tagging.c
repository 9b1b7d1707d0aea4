/* Tags of buckets (in the cloud's registry, so that they find the bucket) and of objects (in the
 * object's row: there are too many objects for a registry). */
#include "services/s3/versions.h"

enum { TAG_KEY_MAX = 128, TAG_VALUE_MAX = 256 };

static bool tag_character(u32 x) {
    if (x >= 0x80) return true; /* letters, digits and spaces of all scripts */
    if ((x >= '0' && x <= '9') || (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z')) return true;
    return x && strchr(" +-=._:/@", (int)x) != NULL;
}

static bool tag_text(str text, size_t max) {
    size_t n = 0;
    u32 x;
    while (text.n) {
        if (!utf8_next(&text, &x) || !tag_character(x) || ++n > max) return false;
    }
    return true;
}

err s3_tags_check(struct call *c, const struct record_pairs *tags, u32 max) {
    if (tags->n > max)
        return fail(c, &s3_bad_request, "%s cannot be greater than %u",
                    max == S3_OBJECT_TAGS_MAX ? "Object tags" : "Bucket tag count", max);
    for (u32 i = 0; i < tags->n; i++) {
        const struct record_pair *tag = &tags->v[i];
        if (!tag->key.p || !tag->value.p) return s3_fail_malformed(c);
        if (str_starts(tag->key, S("aws:")))
            return fail(c, &s3_invalid_tag,
                        "User-defined tag keys can't start with \"aws:\". This prefix is reserved for "
                        "system tags. Remove \"aws:\" from your tag keys and try again.");
        if (!tag->key.n || !tag_text(tag->key, TAG_KEY_MAX)) {
            fail_detail(c, S("TagKey"), tag->key);
            return fail(c, &s3_invalid_tag, "The TagKey you have provided is invalid");
        }
        if (!tag_text(tag->value, TAG_VALUE_MAX)) {
            fail_detail(c, S("TagKey"), tag->key);
            fail_detail(c, S("TagValue"), tag->value);
            return fail(c, &s3_invalid_tag, "The TagValue you have provided is invalid");
        }
        for (u32 j = 0; j < i; j++)
            if (str_eq(tags->v[j].key, tag->key)) {
                fail_detail(c, S("TagKey"), tag->key);
                return fail(c, &s3_invalid_tag, "Cannot provide multiple Tags with the same key");
            }
    }
    return NULL;
}

static err header_invalid(struct call *c, str header) {
    return s3_fail_argument(c, "x-amz-tagging", header,
                            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                            "query parameters without tag name duplicates.");
}

err s3_tags_parse(struct call *c, str header, struct record_pairs *tags) {
    struct record_pair *pairs = NEW_ARRAY(c->arena, struct record_pair, S3_OBJECT_TAGS_MAX + 1);
    u32 n = 0;
    str rest = header;
    while (rest.n) {
        str value = str_cut(&rest, '&');
        if (!value.n) continue;
        str key = str_cut(&value, '=');
        if (!value.p) value = S("");
        struct record_pair tag = {0};
        if (!percent_decode(c->arena, key, true, &tag.key)
            || !percent_decode(c->arena, value, true, &tag.value))
            return header_invalid(c, header);
        for (u32 i = 0; i < n; i++)
            if (str_eq(pairs[i].key, tag.key)) return header_invalid(c, header);
        if (n <= S3_OBJECT_TAGS_MAX) pairs[n++] = tag;
    }
    *tags = (struct record_pairs){pairs, n, n > 0};
    return s3_tags_check(c, tags, S3_OBJECT_TAGS_MAX);
}

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
