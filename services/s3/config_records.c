/* How configurations are stored. Numbers are never reused; a member of the API that has none here is
 * refused by those who take the configuration. */
#include "services/s3/config.h"

#define TYPE(name, T) static const struct record_type name = RECORD_TYPE(struct T, name##_fields)
#define FIELDS(name) static const struct record_field name##_fields[] =
/* An optional number or truth takes two: whether it is there, and what it is. */
#define OPT_I32(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_I32((number) + 1, T, field.v)
#define OPT_I64(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_I64((number) + 1, T, field.v)
#define OPT_BOOL(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_BOOL((number) + 1, T, field.v)
#define OPT_TIME(number, T, field) RECORD_BOOL(number, T, field.set), RECORD_I64((number) + 1, T, field.ms)

struct text_item {
    str text;
};
FIELDS(text) {RECORD_STR(1, struct text_item, text)};
TYPE(text, text_item);

FIELDS(tag) {RECORD_STR(1, struct s3_tag, key), RECORD_STR(2, struct s3_tag, value)};
TYPE(tag, s3_tag);

/* ---- lists of rights ---- */
FIELDS(grantee) {
    RECORD_STR(1, struct s3_grantee, type),
    RECORD_STR(2, struct s3_grantee, id),
    RECORD_STR(3, struct s3_grantee, uri),
};
TYPE(grantee, s3_grantee);
static const struct record_field grant_fields[] = {
    RECORD_STRUCT(1, struct s3_grant, grantee, grantee),
    RECORD_STR(2, struct s3_grant, permission),
};
const struct record_type s3_grant_record = RECORD_TYPE(struct s3_grant, grant_fields);
FIELDS(acl) {RECORD_LIST(1, struct s3_acl_row, grants, s3_grant_record)};
const struct record_type s3_acl_record = RECORD_TYPE(struct s3_acl_row, acl_fields);

FIELDS(policy) {RECORD_STR(1, struct s3_policy_row, json), RECORD_BOOL(2, struct s3_policy_row, is_public)};
const struct record_type s3_policy_record = RECORD_TYPE(struct s3_policy_row, policy_fields);

/* ---- CORS ---- */
FIELDS(cors_rule) {
    RECORD_STR(1, struct s3_cors_rule, id),
    RECORD_LIST(2, struct s3_cors_rule, allowed_headers, text),
    RECORD_LIST(3, struct s3_cors_rule, allowed_methods, text),
    RECORD_LIST(4, struct s3_cors_rule, allowed_origins, text),
    RECORD_LIST(5, struct s3_cors_rule, expose_headers, text),
    OPT_I32(6, struct s3_cors_rule, max_age_seconds),
};
TYPE(cors_rule, s3_cors_rule);
FIELDS(cors) {RECORD_LIST(1, struct s3_cors_configuration, cors_rules, cors_rule)};
const struct record_type s3_cors_record = RECORD_TYPE(struct s3_cors_configuration, cors_fields);

/* ---- websites ---- */
FIELDS(error_document) {RECORD_STR(1, struct s3_error_document, key)};
TYPE(error_document, s3_error_document);
FIELDS(index_document) {RECORD_STR(1, struct s3_index_document, suffix)};
TYPE(index_document, s3_index_document);
FIELDS(redirect_all) {
    RECORD_STR(1, struct s3_redirect_all_requests_to, host_name),
    RECORD_STR(2, struct s3_redirect_all_requests_to, protocol),
};
TYPE(redirect_all, s3_redirect_all_requests_to);
FIELDS(route_condition) {
    RECORD_STR(1, struct s3_condition, http_error_code_returned_equals),
    RECORD_STR(2, struct s3_condition, key_prefix_equals),
};
TYPE(route_condition, s3_condition);
FIELDS(route_redirect) {
    RECORD_STR(1, struct s3_redirect, host_name),
    RECORD_STR(2, struct s3_redirect, http_redirect_code),
    RECORD_STR(3, struct s3_redirect, protocol),
    RECORD_STR(4, struct s3_redirect, replace_key_prefix_with),
    RECORD_STR(5, struct s3_redirect, replace_key_with),
};
TYPE(route_redirect, s3_redirect);
FIELDS(routing_rule) {
    RECORD_STRUCT(1, struct s3_routing_rule, condition, route_condition),
    RECORD_STRUCT(2, struct s3_routing_rule, redirect, route_redirect),
};
TYPE(routing_rule, s3_routing_rule);
FIELDS(website) {
    RECORD_STRUCT(1, struct s3_website_configuration, error_document, error_document),
    RECORD_STRUCT(2, struct s3_website_configuration, index_document, index_document),
    RECORD_STRUCT(3, struct s3_website_configuration, redirect_all_requests_to, redirect_all),
    RECORD_LIST(4, struct s3_website_configuration, routing_rules, routing_rule),
};
const struct record_type s3_website_record = RECORD_TYPE(struct s3_website_configuration, website_fields);

/* ---- access logs ---- */
FIELDS(target_grant) {
    RECORD_STRUCT(1, struct s3_target_grant, grantee, grantee),
    RECORD_STR(2, struct s3_target_grant, permission),
};
TYPE(target_grant, s3_target_grant);
FIELDS(partitioned) {RECORD_STR(1, struct s3_partitioned_prefix, partition_date_source)};
TYPE(partitioned, s3_partitioned_prefix);
static const struct record_type simple = {NULL, 0, sizeof(struct s3_simple_prefix)};
FIELDS(key_format) {
    RECORD_STRUCT(1, struct s3_target_object_key_format, partitioned_prefix, partitioned),
    RECORD_STRUCT(2, struct s3_target_object_key_format, simple_prefix, simple),
};
TYPE(key_format, s3_target_object_key_format);
FIELDS(logging) {
    RECORD_STR(1, struct s3_logging_enabled, target_bucket),
    RECORD_STR(2, struct s3_logging_enabled, target_prefix),
    RECORD_LIST(3, struct s3_logging_enabled, target_grants, target_grant),
    RECORD_STRUCT(4, struct s3_logging_enabled, target_object_key_format, key_format),
};
const struct record_type s3_logging_record = RECORD_TYPE(struct s3_logging_enabled, logging_fields);

/* ---- lifecycle ---- */
FIELDS(expiration) {
    OPT_TIME(1, struct s3_lifecycle_expiration, date),
    OPT_I32(3, struct s3_lifecycle_expiration, days),
    OPT_BOOL(5, struct s3_lifecycle_expiration, expired_object_delete_marker),
};
TYPE(expiration, s3_lifecycle_expiration);
FIELDS(filter_and) {
    RECORD_STR(1, struct s3_lifecycle_rule_and_operator, prefix),
    RECORD_LIST(2, struct s3_lifecycle_rule_and_operator, tags, tag),
    OPT_I64(3, struct s3_lifecycle_rule_and_operator, object_size_greater_than),
    OPT_I64(5, struct s3_lifecycle_rule_and_operator, object_size_less_than),
};
TYPE(filter_and, s3_lifecycle_rule_and_operator);
FIELDS(filter) {
    RECORD_STR(1, struct s3_lifecycle_rule_filter, prefix),
    RECORD_STRUCT(2, struct s3_lifecycle_rule_filter, tag, tag),
    OPT_I64(3, struct s3_lifecycle_rule_filter, object_size_greater_than),
    OPT_I64(5, struct s3_lifecycle_rule_filter, object_size_less_than),
    RECORD_STRUCT(7, struct s3_lifecycle_rule_filter, and, filter_and),
};
TYPE(filter, s3_lifecycle_rule_filter);
FIELDS(transition) {
    OPT_TIME(1, struct s3_transition, date),
    OPT_I32(3, struct s3_transition, days),
    RECORD_STR(5, struct s3_transition, storage_class),
};
TYPE(transition, s3_transition);
FIELDS(noncurrent_transition) {
    OPT_I32(1, struct s3_noncurrent_version_transition, noncurrent_days),
    RECORD_STR(3, struct s3_noncurrent_version_transition, storage_class),
    OPT_I32(4, struct s3_noncurrent_version_transition, newer_noncurrent_versions),
};
TYPE(noncurrent_transition, s3_noncurrent_version_transition);
FIELDS(noncurrent_expiration) {
    OPT_I32(1, struct s3_noncurrent_version_expiration, noncurrent_days),
    OPT_I32(3, struct s3_noncurrent_version_expiration, newer_noncurrent_versions),
};
TYPE(noncurrent_expiration, s3_noncurrent_version_expiration);
FIELDS(abort_upload) {OPT_I32(1, struct s3_abort_incomplete_multipart_upload, days_after_initiation)};
TYPE(abort_upload, s3_abort_incomplete_multipart_upload);
FIELDS(rule) {
    RECORD_STR(1, struct s3_lifecycle_rule, id),
    RECORD_STR(2, struct s3_lifecycle_rule, status),
    RECORD_STR(3, struct s3_lifecycle_rule, prefix),
    RECORD_STRUCT(4, struct s3_lifecycle_rule, filter, filter),
    RECORD_STRUCT(5, struct s3_lifecycle_rule, expiration, expiration),
    RECORD_LIST(6, struct s3_lifecycle_rule, transitions, transition),
    RECORD_LIST(7, struct s3_lifecycle_rule, noncurrent_version_transitions, noncurrent_transition),
    RECORD_STRUCT(8, struct s3_lifecycle_rule, noncurrent_version_expiration, noncurrent_expiration),
    RECORD_STRUCT(9, struct s3_lifecycle_rule, abort_incomplete_multipart_upload, abort_upload),
};
TYPE(rule, s3_lifecycle_rule);
FIELDS(lifecycle) {
    RECORD_LIST(1, struct s3_lifecycle_row, rules, rule),
    RECORD_STR(2, struct s3_lifecycle_row, minimum_object_size),
};
const struct record_type s3_lifecycle_record = RECORD_TYPE(struct s3_lifecycle_row, lifecycle_fields);

/* ---- object lock ---- */
FIELDS(lock) {
    RECORD_STR(1, struct s3_default_retention, mode),
    OPT_I32(2, struct s3_default_retention, days),
    OPT_I32(4, struct s3_default_retention, years),
};
const struct record_type s3_lock_record = RECORD_TYPE(struct s3_default_retention, lock_fields);

/* ---- Intelligent-Tiering ---- */
FIELDS(tiering_and) {
    RECORD_STR(1, struct s3_intelligent_tiering_and_operator, prefix),
    RECORD_LIST(2, struct s3_intelligent_tiering_and_operator, tags, tag),
};
TYPE(tiering_and, s3_intelligent_tiering_and_operator);
FIELDS(tiering_filter) {
    RECORD_STR(1, struct s3_intelligent_tiering_filter, prefix),
    RECORD_STRUCT(2, struct s3_intelligent_tiering_filter, tag, tag),
    RECORD_STRUCT(3, struct s3_intelligent_tiering_filter, and, tiering_and),
};
TYPE(tiering_filter, s3_intelligent_tiering_filter);
FIELDS(tier) {OPT_I32(1, struct s3_tiering, days), RECORD_STR(3, struct s3_tiering, access_tier)};
TYPE(tier, s3_tiering);
FIELDS(tiering) {
    RECORD_STR(1, struct s3_intelligent_tiering_configuration, id),
    RECORD_STR(2, struct s3_intelligent_tiering_configuration, status),
    RECORD_STRUCT(3, struct s3_intelligent_tiering_configuration, filter, tiering_filter),
    RECORD_LIST(4, struct s3_intelligent_tiering_configuration, tierings, tier),
};
const struct record_type s3_tiering_record = RECORD_TYPE(struct s3_intelligent_tiering_configuration, tiering_fields);

/* ---- replication ---- */
#define STATUS(name, T)                            \
    FIELDS(name) {RECORD_STR(1, struct T, status)}; \
    TYPE(name, T)
STATUS(sse_kms_encrypted_objects, s3_sse_kms_encrypted_objects);
STATUS(replica_modifications, s3_replica_modifications);
STATUS(delete_marker_replication, s3_delete_marker_replication);
FIELDS(source_selection) {
    RECORD_STRUCT(1, struct s3_source_selection_criteria, sse_kms_encrypted_objects, sse_kms_encrypted_objects),
    RECORD_STRUCT(2, struct s3_source_selection_criteria, replica_modifications, replica_modifications),
};
TYPE(source_selection, s3_source_selection_criteria);
FIELDS(replication_and) {
    RECORD_STR(1, struct s3_replication_rule_and_operator, prefix),
    RECORD_LIST(2, struct s3_replication_rule_and_operator, tags, tag),
};
TYPE(replication_and, s3_replication_rule_and_operator);
FIELDS(replication_filter) {
    RECORD_STR(1, struct s3_replication_rule_filter, prefix),
    RECORD_STRUCT(2, struct s3_replication_rule_filter, tag, tag),
    RECORD_STRUCT(3, struct s3_replication_rule_filter, and, replication_and),
};
TYPE(replication_filter, s3_replication_rule_filter);
FIELDS(owner_translation) {RECORD_STR(1, struct s3_access_control_translation, owner)};
TYPE(owner_translation, s3_access_control_translation);
FIELDS(replica_key) {RECORD_STR(1, struct s3_encryption_configuration, replica_kms_key_id)};
TYPE(replica_key, s3_encryption_configuration);
FIELDS(minutes) {OPT_I32(1, struct s3_replication_time_value, minutes)};
TYPE(minutes, s3_replication_time_value);
FIELDS(replication_time) {
    RECORD_STR(1, struct s3_replication_time, status),
    RECORD_STRUCT(2, struct s3_replication_time, time, minutes),
};
TYPE(replication_time, s3_replication_time);
FIELDS(replication_metrics) {
    RECORD_STR(1, struct s3_metrics, status),
    RECORD_STRUCT(2, struct s3_metrics, event_threshold, minutes),
};
TYPE(replication_metrics, s3_metrics);
FIELDS(replication_destination) {
    RECORD_STR(1, struct s3_destination, bucket),
    RECORD_STR(2, struct s3_destination, account),
    RECORD_STR(3, struct s3_destination, storage_class),
    RECORD_STRUCT(4, struct s3_destination, access_control_translation, owner_translation),
    RECORD_STRUCT(5, struct s3_destination, encryption_configuration, replica_key),
    RECORD_STRUCT(6, struct s3_destination, replication_time, replication_time),
    RECORD_STRUCT(7, struct s3_destination, metrics, replication_metrics),
};
TYPE(replication_destination, s3_destination);
FIELDS(replication_rule) {
    RECORD_STR(1, struct s3_replication_rule, id),
    OPT_I32(2, struct s3_replication_rule, priority),
    RECORD_STR(4, struct s3_replication_rule, prefix),
    RECORD_STRUCT(5, struct s3_replication_rule, filter, replication_filter),
    RECORD_STR(6, struct s3_replication_rule, status),
    RECORD_STRUCT(7, struct s3_replication_rule, source_selection_criteria, source_selection),
    RECORD_STRUCT(8, struct s3_replication_rule, destination, replication_destination),
    RECORD_STRUCT(9, struct s3_replication_rule, delete_marker_replication, delete_marker_replication),
};
TYPE(replication_rule, s3_replication_rule);
FIELDS(replication) {
    RECORD_STR(1, struct s3_replication_configuration, role),
    RECORD_LIST(2, struct s3_replication_configuration, rules, replication_rule),
};
const struct record_type s3_replication_record = RECORD_TYPE(struct s3_replication_configuration, replication_fields);

/* ---- request metrics ---- */
FIELDS(metrics_and) {RECORD_STR(1, struct s3_metrics_and_operator, prefix), RECORD_LIST(2, struct s3_metrics_and_operator, tags, tag)};
TYPE(metrics_and, s3_metrics_and_operator);
FIELDS(metrics_filter) {
    RECORD_STR(1, struct s3_metrics_filter, prefix),
    RECORD_STRUCT(2, struct s3_metrics_filter, tag, tag),
    RECORD_STRUCT(3, struct s3_metrics_filter, and, metrics_and),
};
TYPE(metrics_filter, s3_metrics_filter);
FIELDS(metrics) {RECORD_STR(1, struct s3_metrics_configuration, id), RECORD_STRUCT(2, struct s3_metrics_configuration, filter, metrics_filter)};
const struct record_type s3_metrics_record = RECORD_TYPE(struct s3_metrics_configuration, metrics_fields);

/* ---- storage class analysis ---- */
FIELDS(analytics_and) {RECORD_STR(1, struct s3_analytics_and_operator, prefix), RECORD_LIST(2, struct s3_analytics_and_operator, tags, tag)};
TYPE(analytics_and, s3_analytics_and_operator);
FIELDS(analytics_filter) {
    RECORD_STR(1, struct s3_analytics_filter, prefix),
    RECORD_STRUCT(2, struct s3_analytics_filter, tag, tag),
    RECORD_STRUCT(3, struct s3_analytics_filter, and, analytics_and),
};
TYPE(analytics_filter, s3_analytics_filter);
FIELDS(analytics_bucket) {
    RECORD_STR(1, struct s3_analytics_s3_bucket_destination, format),
    RECORD_STR(2, struct s3_analytics_s3_bucket_destination, bucket_account_id),
    RECORD_STR(3, struct s3_analytics_s3_bucket_destination, bucket),
    RECORD_STR(4, struct s3_analytics_s3_bucket_destination, prefix),
};
TYPE(analytics_bucket, s3_analytics_s3_bucket_destination);
FIELDS(analytics_destination) {RECORD_STRUCT(1, struct s3_analytics_export_destination, s3_bucket_destination, analytics_bucket)};
TYPE(analytics_destination, s3_analytics_export_destination);
FIELDS(analytics_export) {
    RECORD_STR(1, struct s3_storage_class_analysis_data_export, output_schema_version),
    RECORD_STRUCT(2, struct s3_storage_class_analysis_data_export, destination, analytics_destination),
};
TYPE(analytics_export, s3_storage_class_analysis_data_export);
FIELDS(analysis) {RECORD_STRUCT(1, struct s3_storage_class_analysis, data_export, analytics_export)};
TYPE(analysis, s3_storage_class_analysis);
FIELDS(analytics) {
    RECORD_STR(1, struct s3_analytics_configuration, id),
    RECORD_STRUCT(2, struct s3_analytics_configuration, filter, analytics_filter),
    RECORD_STRUCT(3, struct s3_analytics_configuration, storage_class_analysis, analysis),
};
const struct record_type s3_analytics_record = RECORD_TYPE(struct s3_analytics_configuration, analytics_fields);

/* ---- inventories ---- */
FIELDS(inventory_key) {RECORD_STR(1, struct s3_ssekms, key_id)};
TYPE(inventory_key, s3_ssekms);
static const struct record_type inventory_by_s3 = {NULL, 0, sizeof(struct s3_sses3)};
FIELDS(inventory_encryption) {
    RECORD_STRUCT(1, struct s3_inventory_encryption, ssekms, inventory_key),
    RECORD_STRUCT(2, struct s3_inventory_encryption, sses3, inventory_by_s3),
};
TYPE(inventory_encryption, s3_inventory_encryption);
FIELDS(inventory_bucket) {
    RECORD_STR(1, struct s3_inventory_s3_bucket_destination, account_id),
    RECORD_STR(2, struct s3_inventory_s3_bucket_destination, bucket),
    RECORD_STR(3, struct s3_inventory_s3_bucket_destination, format),
    RECORD_STR(4, struct s3_inventory_s3_bucket_destination, prefix),
    RECORD_STRUCT(5, struct s3_inventory_s3_bucket_destination, encryption, inventory_encryption),
};
TYPE(inventory_bucket, s3_inventory_s3_bucket_destination);
FIELDS(inventory_destination) {RECORD_STRUCT(1, struct s3_inventory_destination, s3_bucket_destination, inventory_bucket)};
TYPE(inventory_destination, s3_inventory_destination);
FIELDS(inventory_filter) {RECORD_STR(1, struct s3_inventory_filter, prefix)};
TYPE(inventory_filter, s3_inventory_filter);
FIELDS(inventory_schedule) {RECORD_STR(1, struct s3_inventory_schedule, frequency)};
TYPE(inventory_schedule, s3_inventory_schedule);
FIELDS(inventory) {
    RECORD_STRUCT(1, struct s3_inventory_configuration, destination, inventory_destination),
    OPT_BOOL(2, struct s3_inventory_configuration, is_enabled),
    RECORD_STRUCT(4, struct s3_inventory_configuration, filter, inventory_filter),
    RECORD_STR(5, struct s3_inventory_configuration, id),
    RECORD_STR(6, struct s3_inventory_configuration, included_object_versions),
    RECORD_LIST(7, struct s3_inventory_configuration, optional_fields, text),
    RECORD_STRUCT(8, struct s3_inventory_configuration, schedule, inventory_schedule),
};
const struct record_type s3_inventory_record = RECORD_TYPE(struct s3_inventory_configuration, inventory_fields);

/* ---- notifications ---- */
FIELDS(key_rule) {RECORD_STR(1, struct s3_filter_rule, name), RECORD_STR(2, struct s3_filter_rule, value)};
TYPE(key_rule, s3_filter_rule);
FIELDS(key_filter) {RECORD_LIST(1, struct s3_s3_key_filter, filter_rules, key_rule)};
TYPE(key_filter, s3_s3_key_filter);
FIELDS(notification_filter) {RECORD_STRUCT(1, struct s3_notification_configuration_filter, key, key_filter)};
TYPE(notification_filter, s3_notification_configuration_filter);
FIELDS(destination) {
    RECORD_STR(1, struct s3_listener, id),
    RECORD_STR(2, struct s3_listener, arn),
    RECORD_LIST(3, struct s3_listener, events, text),
    RECORD_STRUCT(4, struct s3_listener, filter, notification_filter),
};
TYPE(destination, s3_listener);
FIELDS(notification) {
    RECORD_LIST(1, struct s3_notification_row, destinations, destination),
    RECORD_BOOL(2, struct s3_notification_row, event_bridge),
};
const struct record_type s3_notification_record = RECORD_TYPE(struct s3_notification_row, notification_fields);
