#include "services/s3/records.h"

/* Numbers are never reused. */
static const struct record_field bucket_fields[] = {
    RECORD_U64(1, struct bucket_row, id),
    RECORD_STR(2, struct bucket_row, name),
    RECORD_STR(3, struct bucket_row, region),
    RECORD_STR(4, struct bucket_row, location_constraint),
    RECORD_I64(5, struct bucket_row, created_ms),
    RECORD_I32(6, struct bucket_row, versioning),
    RECORD_U64(7, struct bucket_row, configured),
    RECORD_I32(8, struct bucket_row, ownership),
    RECORD_I32(9, struct bucket_row, public_access),
    RECORD_BOOL(10, struct bucket_row, requester_pays),
    RECORD_I32(11, struct bucket_row, acceleration),
    RECORD_BOOL(12, struct bucket_row, object_lock),
    RECORD_BOOL(13, struct bucket_row, mfa_delete),
    RECORD_BOOL(14, struct bucket_row, mfa_delete_set),
};
const struct record_type s3_bucket_record = RECORD_TYPE(struct bucket_row, bucket_fields);

static const struct record_field object_fields[] = {
    RECORD_U64(1, struct object_row, sequence),
    RECORD_STR(2, struct object_row, version_id),
    RECORD_BOOL(3, struct object_row, delete_marker),
    RECORD_I64(4, struct object_row, modified_ms),
    RECORD_U64(5, struct object_row, size),
    RECORD_STR(6, struct object_row, etag),
    RECORD_STR(7, struct object_row, blob),
    RECORD_I32(8, struct object_row, checksum_kind),
    RECORD_BOOL(9, struct object_row, composite),
    RECORD_STR(10, struct object_row, checksum),
    RECORD_I32(11, struct object_row, part_count),
    RECORD_STR(12, struct object_row, upload_id),
    RECORD_U64(13, struct object_row, part_size),
    RECORD_STR(14, struct object_row, storage_class),
    RECORD_STR(15, struct object_row, content_type),
    RECORD_STR(16, struct object_row, cache_control),
    RECORD_STR(17, struct object_row, content_disposition),
    RECORD_STR(18, struct object_row, content_encoding),
    RECORD_STR(19, struct object_row, content_language),
    RECORD_STR(20, struct object_row, expires),
    RECORD_STR(21, struct object_row, website_redirect),
    RECORD_LIST(22, struct object_row, metadata, record_pair_type),
    RECORD_LIST(23, struct object_row, tags, record_pair_type),
    RECORD_STR(24, struct object_row, owner),
    RECORD_LIST(25, struct object_row, grants, s3_grant_record),
    RECORD_STR(26, struct object_row, lock_mode),
    RECORD_I64(27, struct object_row, lock_until_ms),
    RECORD_BOOL(28, struct object_row, legal_hold),
    RECORD_BOOL(29, struct object_row, hold_known),
    RECORD_I64(30, struct object_row, stored_ms),
    RECORD_I64(31, struct object_row, accessed_ms),
    RECORD_I64(32, struct object_row, restore_ready_ms),
    RECORD_I64(33, struct object_row, restore_until_ms),
    RECORD_STR(34, struct object_row, kms_key),
    RECORD_STR(35, struct object_row, kms_data_key),
    RECORD_STR(36, struct object_row, kms_context),
    RECORD_BOOL(37, struct object_row, bucket_key),
    RECORD_STR(38, struct object_row, customer_key),
    RECORD_I32(39, struct object_row, replication),
    RECORD_STR(40, struct object_row, seal),
    RECORD_BOOL(41, struct object_row, dual_layer),
    RECORD_I32(42, struct object_row, told_tier),
};
const struct record_type s3_object_record = RECORD_TYPE(struct object_row, object_fields);

static const struct record_field version_at_fields[] = {
    RECORD_STR(1, struct version_at, account), RECORD_STR(2, struct version_at, bucket),
    RECORD_U64(3, struct version_at, bucket_id), RECORD_STR(4, struct version_at, key),
    RECORD_U64(5, struct version_at, sequence), RECORD_I64(6, struct version_at, at_ms),
};
const struct record_type s3_version_at_record = RECORD_TYPE(struct version_at, version_at_fields);

static const struct record_field null_fields[] = {
    RECORD_U64(1, struct null_row, sequence),
};
const struct record_type s3_null_record = RECORD_TYPE(struct null_row, null_fields);

static const struct record_field upload_fields[] = {
    RECORD_U64(1, struct upload_row, sequence),
    RECORD_STR(2, struct upload_row, id),
    RECORD_I64(3, struct upload_row, initiated_ms),
    RECORD_BOOL(4, struct upload_row, checksum_asked),
    RECORD_STRUCT(5, struct upload_row, object, s3_object_record),
};
const struct record_type s3_upload_record = RECORD_TYPE(struct upload_row, upload_fields);

static const struct record_field part_fields[] = {
    RECORD_U64(1, struct part_row, size),
    RECORD_STR(2, struct part_row, etag),
    RECORD_I64(3, struct part_row, modified_ms),
    RECORD_STR(4, struct part_row, blob),
    RECORD_STR(5, struct part_row, checksum),
    RECORD_STR(6, struct part_row, seal),
};
const struct record_type s3_part_record = RECORD_TYPE(struct part_row, part_fields);

static const struct record_field sweep_fields[] = {
    RECORD_U64(1, struct sweep, bucket_id),
    RECORD_STR(2, struct sweep, upload_id),
    RECORD_BOOL(3, struct sweep, owns_blobs),
    RECORD_STR(4, struct sweep, account),
};
const struct record_type s3_sweep_record = RECORD_TYPE(struct sweep, sweep_fields);
