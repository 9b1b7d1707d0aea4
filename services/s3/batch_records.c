/* How batch jobs are stored: the structs of the API under numbers of our own. A member that has none here is refused by
 * batch_operation.c. */
#include "services/s3/batch.h"

#define TYPE(name, T) static const struct record_type name = RECORD_TYPE(struct T, name##_fields)
#define FIELDS(name) static const struct record_field name##_fields[] =
#define OPT_I32(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_I32((number) + 1, T, field.v)
#define OPT_BOOL(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_BOOL((number) + 1, T, field.v)
#define OPT_TIME(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_I64((number) + 1, T, field.ms)

struct text_item {
    str text;
};
FIELDS(text) {RECORD_STR(1, struct text_item, text)};
TYPE(text, text_item);

/* ---- manifest and report ---- */
#define T struct s3control_job_manifest_spec
FIELDS(spec) {RECORD_STR(1, T, format), RECORD_LIST(2, T, fields, text)};
TYPE(spec, s3control_job_manifest_spec);
#undef T
#define T struct s3control_job_manifest_location
FIELDS(location) {RECORD_STR(1, T, object_arn), RECORD_STR(2, T, object_version_id), RECORD_STR(3, T, etag)};
TYPE(location, s3control_job_manifest_location);
#undef T
#define T struct s3control_job_manifest
FIELDS(manifest) {RECORD_STRUCT(1, T, spec, spec), RECORD_STRUCT(2, T, location, location)};
TYPE(manifest, s3control_job_manifest);
#undef T
#define T struct s3control_job_report
FIELDS(report) {RECORD_STR(1, T, bucket), RECORD_STR(2, T, format), OPT_BOOL(3, T, enabled), RECORD_STR(5, T, prefix), RECORD_STR(6, T, report_scope),
                RECORD_STR(7, T, expected_bucket_owner)};
TYPE(report, s3control_job_report);
#undef T

FIELDS(kms_key) {RECORD_STR(1, struct s3control_ssekms_encryption, key_id)};
TYPE(kms_key, s3control_ssekms_encryption);
static const struct record_type by_s3 = {NULL, 0, sizeof(struct s3control_sses3_encryption)};
FIELDS(saving) {RECORD_STRUCT(1, struct s3control_generated_manifest_encryption, sses3, by_s3),
                RECORD_STRUCT(2, struct s3control_generated_manifest_encryption, ssekms, kms_key)};
TYPE(saving, s3control_generated_manifest_encryption);
#define T struct s3control_s3_manifest_output_location
FIELDS(output) {RECORD_STR(1, T, expected_manifest_bucket_owner), RECORD_STR(2, T, bucket), RECORD_STR(3, T, manifest_prefix),
                RECORD_STRUCT(4, T, manifest_encryption, saving), RECORD_STR(5, T, manifest_format)};
TYPE(output, s3control_s3_manifest_output_location);
#undef T
#define T struct s3control_key_name_constraint
FIELDS(names) {RECORD_LIST(1, T, match_any_prefix, text), RECORD_LIST(2, T, match_any_suffix, text), RECORD_LIST(3, T, match_any_substring, text)};
TYPE(names, s3control_key_name_constraint);
#undef T
static const struct record_type under_s3 = {NULL, 0, sizeof(struct s3control_sses3_filter)}, under_customer = {NULL, 0, sizeof(struct s3control_ssec_filter)},
                                under_none = {NULL, 0, sizeof(struct s3control_not_sse_filter)};
FIELDS(under_kms) {RECORD_STR(1, struct s3control_ssekms_filter, kms_key_arn), OPT_BOOL(2, struct s3control_ssekms_filter, bucket_key_enabled)};
TYPE(under_kms, s3control_ssekms_filter);
FIELDS(under_two) {RECORD_STR(1, struct s3control_dssekms_filter, kms_key_arn)};
TYPE(under_two, s3control_dssekms_filter);
#define T struct s3control_object_encryption_filter
FIELDS(sealed) {RECORD_STRUCT(1, T, sses3, under_s3), RECORD_STRUCT(2, T, ssekms, under_kms), RECORD_STRUCT(3, T, dssekms, under_two),
                RECORD_STRUCT(4, T, ssec, under_customer), RECORD_STRUCT(5, T, notsse, under_none)};
TYPE(sealed, s3control_object_encryption_filter);
#undef T
#define T struct s3control_job_manifest_generator_filter
FIELDS(choice) {OPT_BOOL(1, T, eligible_for_replication), OPT_TIME(3, T, created_after), OPT_TIME(5, T, created_before),
                RECORD_LIST(7, T, object_replication_statuses, text), RECORD_STRUCT(8, T, key_name_constraint, names),
                RECORD_BOOL(9, T, object_size_greater_than_bytes.set), RECORD_I64(10, T, object_size_greater_than_bytes.v),
                RECORD_BOOL(11, T, object_size_less_than_bytes.set), RECORD_I64(12, T, object_size_less_than_bytes.v),
                RECORD_LIST(13, T, match_any_storage_class, text), RECORD_LIST(14, T, match_any_object_encryption, sealed)};
TYPE(choice, s3control_job_manifest_generator_filter);
#undef T
#define T struct s3control_s3_job_manifest_generator
FIELDS(generator) {RECORD_STR(1, T, expected_bucket_owner), RECORD_STR(2, T, source_bucket), RECORD_STRUCT(3, T, manifest_output_location, output),
                   RECORD_STRUCT(4, T, filter, choice), OPT_BOOL(5, T, enable_manifest_output)};
TYPE(generator, s3control_s3_job_manifest_generator);
#undef T

/* ---- operations ---- */
FIELDS(tag) {RECORD_STR(1, struct s3control_s3_tag, key), RECORD_STR(2, struct s3control_s3_tag, value)};
TYPE(tag, s3control_s3_tag);
FIELDS(entry) {RECORD_STR(1, struct s3control_s3_user_metadata_entry, key), RECORD_STR(2, struct s3control_s3_user_metadata_entry, value)};
TYPE(entry, s3control_s3_user_metadata_entry);
#define T struct s3control_s3_object_metadata
FIELDS(metadata) {RECORD_STR(1, T, cache_control), RECORD_STR(2, T, content_disposition), RECORD_STR(3, T, content_encoding),
                  RECORD_STR(4, T, content_language), RECORD_LIST(5, T, user_metadata, entry), RECORD_STR(6, T, content_type),
                  OPT_TIME(7, T, http_expires_date), RECORD_STR(9, T, sse_algorithm)};
TYPE(metadata, s3control_s3_object_metadata);
#undef T
#define T struct s3control_s3_copy_object_operation
FIELDS(copy) {RECORD_STR(1, T, target_resource), RECORD_STR(2, T, canned_access_control_list), RECORD_STR(3, T, metadata_directive),
              OPT_TIME(4, T, modified_since_constraint), RECORD_STRUCT(6, T, new_object_metadata, metadata), RECORD_LIST(7, T, new_object_tagging, tag),
              RECORD_STR(8, T, redirect_location), OPT_BOOL(9, T, requester_pays), RECORD_STR(11, T, storage_class),
              OPT_TIME(12, T, un_modified_since_constraint), RECORD_STR(14, T, sse_aws_kms_key_id), RECORD_STR(15, T, target_key_prefix),
              RECORD_STR(16, T, object_lock_legal_hold_status), RECORD_STR(17, T, object_lock_mode), OPT_TIME(18, T, object_lock_retain_until_date),
              OPT_BOOL(20, T, bucket_key_enabled), RECORD_STR(22, T, checksum_algorithm)};
TYPE(copy, s3control_s3_copy_object_operation);
#undef T
FIELDS(grantee) {RECORD_STR(1, struct s3control_s3_grantee, type_identifier), RECORD_STR(2, struct s3control_s3_grantee, identifier),
                 RECORD_STR(3, struct s3control_s3_grantee, display_name)};
TYPE(grantee, s3control_s3_grantee);
FIELDS(grant) {RECORD_STRUCT(1, struct s3control_s3_grant, grantee, grantee), RECORD_STR(2, struct s3control_s3_grant, permission)};
TYPE(grant, s3control_s3_grant);
FIELDS(owner) {RECORD_STR(1, struct s3control_s3_object_owner, id), RECORD_STR(2, struct s3control_s3_object_owner, display_name)};
TYPE(owner, s3control_s3_object_owner);
FIELDS(list) {RECORD_STRUCT(1, struct s3control_s3_access_control_list, owner, owner), RECORD_LIST(2, struct s3control_s3_access_control_list, grants, grant)};
TYPE(list, s3control_s3_access_control_list);
#define T struct s3control_s3_access_control_policy
FIELDS(rights) {RECORD_STRUCT(1, T, access_control_list, list), RECORD_STR(2, T, canned_access_control_list)};
TYPE(rights, s3control_s3_access_control_policy);
#undef T
FIELDS(acl) {RECORD_STRUCT(1, struct s3control_s3_set_object_acl_operation, access_control_policy, rights)};
TYPE(acl, s3control_s3_set_object_acl_operation);
FIELDS(tagging) {RECORD_LIST(1, struct s3control_s3_set_object_tagging_operation, tag_set, tag)};
TYPE(tagging, s3control_s3_set_object_tagging_operation);
FIELDS(restore) {OPT_I32(1, struct s3control_s3_initiate_restore_object_operation, expiration_in_days),
                 RECORD_STR(3, struct s3control_s3_initiate_restore_object_operation, glacier_job_tier)};
TYPE(restore, s3control_s3_initiate_restore_object_operation);
FIELDS(hold_status) {RECORD_STR(1, struct s3control_s3_object_lock_legal_hold, status)};
TYPE(hold_status, s3control_s3_object_lock_legal_hold);
FIELDS(hold) {RECORD_STRUCT(1, struct s3control_s3_set_object_legal_hold_operation, legal_hold, hold_status)};
TYPE(hold, s3control_s3_set_object_legal_hold_operation);
FIELDS(retain) {OPT_TIME(1, struct s3control_s3_retention, retain_until_date), RECORD_STR(3, struct s3control_s3_retention, mode)};
TYPE(retain, s3control_s3_retention);
FIELDS(retention) {OPT_BOOL(1, struct s3control_s3_set_object_retention_operation, bypass_governance_retention),
                   RECORD_STRUCT(3, struct s3control_s3_set_object_retention_operation, retention, retain)};
TYPE(retention, s3control_s3_set_object_retention_operation);
static const struct record_type untag = {NULL, 0, sizeof(struct s3control_s3_delete_object_tagging_operation)};
static const struct record_type replicate = {NULL, 0, sizeof(struct s3control_s3_replicate_object_operation)};
#define T struct s3control_s3_compute_object_checksum_operation
FIELDS(sum) {RECORD_STR(1, T, checksum_algorithm), RECORD_STR(2, T, checksum_type)};
TYPE(sum, s3control_s3_compute_object_checksum_operation);
#undef T
#define T struct s3control_s3_update_object_encryption_ssekms
FIELDS(new_key) {RECORD_STR(1, T, kms_key_arn), OPT_BOOL(2, T, bucket_key_enabled)};
TYPE(new_key, s3control_s3_update_object_encryption_ssekms);
#undef T
FIELDS(encryption) {RECORD_STRUCT(1, struct s3control_object_encryption, ssekms, new_key)};
TYPE(encryption, s3control_object_encryption);
FIELDS(encrypt) {RECORD_STRUCT(1, struct s3control_s3_update_object_encryption_operation, object_encryption, encryption)};
TYPE(encrypt, s3control_s3_update_object_encryption_operation);
#define T struct s3control_job_operation
FIELDS(operation) {RECORD_STRUCT(1, T, s3_put_object_copy, copy), RECORD_STRUCT(2, T, s3_put_object_acl, acl), RECORD_STRUCT(3, T, s3_put_object_tagging, tagging),
                   RECORD_STRUCT(4, T, s3_delete_object_tagging, untag), RECORD_STRUCT(5, T, s3_initiate_restore_object, restore),
                   RECORD_STRUCT(6, T, s3_put_object_legal_hold, hold), RECORD_STRUCT(7, T, s3_put_object_retention, retention),
                   RECORD_STRUCT(8, T, s3_replicate_object, replicate), RECORD_STRUCT(9, T, s3_compute_object_checksum, sum),
                   RECORD_STRUCT(10, T, s3_update_object_encryption, encrypt)};
TYPE(operation, s3control_job_operation);
#undef T

/* ---- the job ---- */
FIELDS(file) {RECORD_STR(1, struct batch_file, key), RECORD_STR(2, struct batch_file, md5), RECORD_BOOL(3, struct batch_file, failed)};
TYPE(file, batch_file);
FIELDS(wait) {RECORD_STR(1, struct batch_wait, key), RECORD_STR(2, struct batch_wait, version_id), RECORD_U64(3, struct batch_wait, sequence)};
TYPE(wait, batch_wait);
#define T struct batch_job
FIELDS(job) {RECORD_STR(1, T, id), RECORD_STR(2, T, description), RECORD_STR(3, T, role), RECORD_STR(4, T, reason), RECORD_I32(5, T, status),
             RECORD_I32(6, T, priority), RECORD_BOOL(7, T, confirmation), RECORD_I64(8, T, created_ms), RECORD_I64(9, T, ended_ms),
             RECORD_I64(10, T, suspended_ms), RECORD_I64(11, T, active_ms), RECORD_I64(12, T, active_since_ms), RECORD_STR(13, T, failure_code),
             RECORD_STR(14, T, failure_reason), RECORD_STRUCT(15, T, manifest, manifest), RECORD_STRUCT(16, T, operation, operation),
             RECORD_STRUCT(17, T, report, report), RECORD_STR(18, T, bucket), RECORD_U64(19, T, offset), RECORD_U64(20, T, total),
             RECORD_U64(21, T, succeeded), RECORD_U64(22, T, failed), RECORD_U64(23, T, results), RECORD_LIST(24, T, files, file),
             RECORD_LIST(25, T, waits, wait), RECORD_BOOL(26, T, drained),
             RECORD_STRUCT(27, T, generator, generator), RECORD_STR(28, T, schema), RECORD_STR(29, T, sources_in), RECORD_LIST(30, T, sources, file),
             RECORD_U64(31, T, source_at), RECORD_STR(32, T, after), RECORD_U64(33, T, pages), RECORD_STR(34, T, saved_arn), RECORD_STR(35, T, saved_etag)};
TYPE(job, batch_job);
#undef T

static struct key of(struct call *c, str account, str region, const char *type) {
    struct key k = key_new(c->arena, S("s3"));
    key_str(&k, account);
    key_str(&k, region);
    key_str(&k, str_of(type));
    return k;
}

static str job_key(struct call *c, str account, str region, str id) {
    struct key k = of(c, account, region, "batch");
    key_str(&k, id);
    return key_bytes(&k);
}

str batch_encode(struct call *c, const struct batch_job *value) { return record_encode(c->arena, &job, value); }

bool batch_get(struct call *c, str account, str region, str id, struct batch_job *found) {
    str value;
    *found = (struct batch_job){0};
    if (!txn_get(c->txn, job_key(c, account, region, id), &value)) return false;
    ASSERT(record_decode(c->arena, &job, arena_str(c->arena, value), found));
    found->account = account;
    found->region = region;
    return true;
}

/* Jobs on their way, the highest priority first. */
static struct key turns(struct call *c, const struct batch_job *value) { return of(c, value->account, value->region, "batch-turn"); }

static str turn_key(struct call *c, const struct batch_job *value) {
    struct key k = turns(c, value);
    key_u64(&k, ~(u64)(u32)value->priority);
    key_str(&k, value->id);
    return key_bytes(&k);
}

bool batch_outranked(struct call *c, const struct batch_job *value) {
    struct key k = turns(c, value);
    str prefix = key_bytes(&k), key, none;
    struct range rows = txn_range(c->txn, prefix, key_after_prefix(c->arena, prefix));
    u64 first;
    if (!range_next(&rows, &key, &none)) return false;
    str rest = str_skip(key, prefix.n);
    ASSERT(key_read_u64(&rest, &first));
    return first < ~(u64)(u32)value->priority;
}

void batch_put(struct call *c, const struct batch_job *value) {
    struct batch_job before;
    if (batch_get(c, value->account, value->region, value->id, &before) && batch_runs(&before)) txn_delete(c->txn, turn_key(c, &before));
    if (batch_runs(value)) txn_put(c->txn, turn_key(c, value), S(""));
    txn_put(c->txn, job_key(c, value->account, value->region, value->id), batch_encode(c, value));
}

str batch_order_prefix(struct call *c) {
    struct key k = of(c, c->account, c->region, "batch-order");
    return key_bytes(&k);
}

str batch_order_key(struct call *c, const struct batch_job *value) {
    struct key k = of(c, value->account, value->region, "batch-order");
    key_u64(&k, ~(u64)value->created_ms);
    key_str(&k, value->id);
    return key_bytes(&k);
}

static struct key of_results(struct call *c, const struct batch_job *value, bool failed) {
    struct key k = of(c, value->account, value->region, "batch-result");
    key_str(&k, value->id);
    key_u64(&k, failed);
    return k;
}

str batch_results_prefix(struct call *c, const struct batch_job *value, bool failed) {
    struct key k = of_results(c, value, failed);
    return key_bytes(&k);
}

void batch_results_add(struct call *c, struct batch_job *value, bool failed, str lines) {
    struct key k = of_results(c, value, failed);
    if (!lines.n) return;
    key_u64(&k, value->results++);
    txn_put(c->txn, key_bytes(&k), lines);
}

/* ---- pages ---- */

static struct key of_pages(struct call *c, const struct batch_job *value) {
    struct key k = of(c, value->account, value->region, "batch-page");
    key_str(&k, value->id);
    return k;
}

static str page_key(struct call *c, const struct batch_job *value, u64 number) {
    struct key k = of_pages(c, value);
    key_u64(&k, number);
    return key_bytes(&k);
}

void batch_page_put(struct call *c, const struct batch_job *value, u64 number, str lines) { txn_put(c->txn, page_key(c, value, number), lines); }

bool batch_page_get(struct call *c, const struct batch_job *value, u64 number, str *lines) { return txn_get(c->txn, page_key(c, value, number), lines); }

void batch_pages_delete(struct call *c, const struct batch_job *value, u64 before) {
    struct key k = of_pages(c, value);
    str key, lines;
    struct range rows = txn_range(c->txn, key_bytes(&k), page_key(c, value, before));
    while (range_next(&rows, &key, &lines)) txn_delete(c->txn, arena_str(c->arena, key));
}
