/* Objects by key and version: finding them with S3's errors, replacing and removing them. */
#include "services/s3/replication.h"
#include "services/s3/versions.h"

str s3_quoted(struct call *c, str etag) {
    struct buf b = buf_new(c->arena, etag.n + 2);
    buf_char(&b, '"');
    buf_add(&b, etag);
    buf_char(&b, '"');
    return buf_str(&b);
}

err s3_key_check(struct call *c, str key) {
    if (s3_object_key_fits(key)) return NULL;
    fail_detail(c, S("Size"), arena_format(c->arena, "%zu", key.n));
    fail_detail(c, S("MaxSizeAllowed"), S("1024"));
    return fail(c, &s3_key_too_long_error, "Your key is too long");
}

bool s3_object_find(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    return s3_version_current(c, bucket, key, object) && !object->delete_marker;
}

err s3_version_check(struct call *c, str id) {
    u64 sequence;
    if (!id.p || s3_version_is_null(id) || s3_version_id_read(id, &sequence)) return NULL;
    return s3_fail_argument(c, "versionId", id, "Invalid version id specified");
}

static void tell_marker(struct call *c, const struct object_row *marker) {
    answer_header(c, S("x-amz-delete-marker"), S("true"));
    answer_header(c, S("x-amz-version-id"), s3_version_name(marker));
}

static err marker_not_allowed(struct call *c, const struct object_row *marker) {
    struct buf date = buf_new(c->arena, 64);
    tell_marker(c, marker);
    buf_http_date(&date, marker->modified_ms);
    answer_header(c, S("Last-Modified"), buf_str(&date));
    answer_header(c, S("Allow"), S("DELETE"));
    fail_detail(c, S("Method"), wire_text(c->service->wire, c->op->method));
    fail_detail(c, S("ResourceType"), S("DeleteMarker"));
    return fail(c, &s3_method_not_allowed, "The specified method is not allowed against this resource.");
}

static err no_version(struct call *c, const struct bucket_row *bucket, str key, str id) {
    str arn = s3_bucket_arn(c, bucket->name);
    if (!s3_may(c, bucket, S("s3:ListBucketVersions"), arn)) return deny(c, S("s3:ListBucketVersions"), arn);
    fail_detail(c, S("Key"), key);
    fail_detail(c, S("VersionId"), id);
    return fail(c, &s3_no_such_version, "The specified version does not exist.");
}

static err open_version(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                        struct object_row *object) {
    TRY(s3_version_check(c, version_id));
    if (!s3_version_find(c, bucket, key, version_id, object)) return no_version(c, bucket, key, version_id);
    return object->delete_marker ? marker_not_allowed(c, object) : NULL;
}

err s3_object_open(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                   struct object_row *object) {
    TRY(s3_key_check(c, key));
    if (version_id.p) return open_version(c, bucket, key, version_id, object);
    if (s3_version_current(c, bucket, key, object)) {
        if (!object->delete_marker) return NULL;
        tell_marker(c, object);
    }
    return s3_fail_no_key(c, bucket, key);
}

err s3_object_open_attribute(struct call *c, const struct bucket_row *bucket, str key, str version_id,
                             struct object_row *object) {
    if (!version_id.p && s3_version_current(c, bucket, key, object) && object->delete_marker)
        return marker_not_allowed(c, object);
    return s3_object_open(c, bucket, key, version_id, object);
}

void s3_object_replace(struct call *c, const struct bucket_row *bucket, str key,
                       struct object_row *object, str reason) {
    s3_version_place(c, bucket, key, object);
    (void)s3_replication_begin(c, bucket, key, object, REPLICATE_VERSION);
    s3_event_created(c, bucket, key, object, reason);
}

void s3_object_update(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object) {
    s3_version_update(c, bucket, key, object);
    (void)s3_replication_begin(c, bucket, key, object, REPLICATE_ATTRIBUTES);
}

void s3_object_hide(struct call *c, const struct bucket_row *bucket, str key, struct object_row *marker, str reason) {
    *marker = (struct object_row){.delete_marker = true};
    bool by_rule = str_eq(reason, S("Lifecycle Expiration")); /* each bucket has rules of its own */
    s3_version_place(c, bucket, key, marker);
    if (!by_rule) (void)s3_replication_begin(c, bucket, key, marker, REPLICATE_VERSION);
    s3_event_deleted(c, bucket, key, marker, true, reason);
}

void s3_object_remove(struct call *c, const struct bucket_row *bucket, str key, struct object_row *object, str reason) {
    s3_version_remove(c, bucket, key, object);
    object->sequence = txn_sequence(c->txn); /* of the event */
    s3_event_deleted(c, bucket, key, object, false, reason);
}
