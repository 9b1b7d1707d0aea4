#include "records.h"

static const struct record_field word_fields[] = {RECORD_STR(1, struct ct_word, text)};
static const struct record_type word_record = RECORD_TYPE(struct ct_word, word_fields);

static const struct record_field resource_fields[] = {
    RECORD_STR(1, struct ct_resource, type),
    RECORD_LIST(2, struct ct_resource, values, word_record),
};
static const struct record_type resource_record = RECORD_TYPE(struct ct_resource, resource_fields);

static const struct record_field selector_fields[] = {
    RECORD_STR(1, struct ct_selector, read_write),
    RECORD_BOOL(2, struct ct_selector, without_management),
    RECORD_LIST(3, struct ct_selector, resources, resource_record),
    RECORD_LIST(4, struct ct_selector, excluded, word_record),
};
static const struct record_type selector_record = RECORD_TYPE(struct ct_selector, selector_fields);

static const struct record_field field_fields[] = {
    RECORD_STR(1, struct ct_field, field),
    RECORD_LIST(2, struct ct_field, equals, word_record),
    RECORD_LIST(3, struct ct_field, starts, word_record),
    RECORD_LIST(4, struct ct_field, ends, word_record),
    RECORD_LIST(5, struct ct_field, not_equals, word_record),
    RECORD_LIST(6, struct ct_field, not_starts, word_record),
    RECORD_LIST(7, struct ct_field, not_ends, word_record),
};
static const struct record_type field_record = RECORD_TYPE(struct ct_field, field_fields);

static const struct record_field advanced_fields[] = {
    RECORD_STR(1, struct ct_advanced, name),
    RECORD_LIST(2, struct ct_advanced, fields, field_record),
};
static const struct record_type advanced_record = RECORD_TYPE(struct ct_advanced, advanced_fields);

static const struct record_field trail_fields[] = {
    RECORD_STR(1, struct ct_trail, bucket),
    RECORD_STR(2, struct ct_trail, prefix),
    RECORD_STR(3, struct ct_trail, topic_arn),
    RECORD_STR(4, struct ct_trail, logs_group_arn),
    RECORD_STR(5, struct ct_trail, logs_role_arn),
    RECORD_STR(6, struct ct_trail, kms_key),
    RECORD_BOOL(7, struct ct_trail, global_events),
    RECORD_BOOL(8, struct ct_trail, multi_region),
    RECORD_BOOL(9, struct ct_trail, validates),
    RECORD_BOOL(10, struct ct_trail, logging),
    RECORD_LIST(11, struct ct_trail, selectors, selector_record),
    RECORD_LIST(12, struct ct_trail, advanced, advanced_record),
    RECORD_I64(13, struct ct_trail, started_ms),
    RECORD_I64(14, struct ct_trail, stopped_ms),
    RECORD_I64(15, struct ct_trail, from_ms),
    RECORD_I64(16, struct ct_trail, delivered_ms),
    RECORD_I64(17, struct ct_trail, digested_ms),
    RECORD_I64(18, struct ct_trail, tried_ms),
    RECORD_STR(19, struct ct_trail, delivery_error),
    RECORD_STR(20, struct ct_trail, digest_error),
    RECORD_STR(21, struct ct_trail, organization),
    RECORD_BOOL(22, struct ct_trail, call_insights),
    RECORD_BOOL(23, struct ct_trail, error_insights),
    RECORD_I64(24, struct ct_trail, logs_delivered_ms),
    RECORD_STR(25, struct ct_trail, logs_error),
};
const struct record_type ct_trail_record = RECORD_TYPE(struct ct_trail, trail_fields);

static const struct record_field file_fields[] = {
    RECORD_STR(1, struct ct_log_file, object),
    RECORD_STR(2, struct ct_log_file, hash),
    RECORD_I64(3, struct ct_log_file, newest_ms),
    RECORD_I64(4, struct ct_log_file, oldest_ms),
};
static const struct record_type file_record = RECORD_TYPE(struct ct_log_file, file_fields);
static const struct record_field chain_fields[] = {
    RECORD_STR(1, struct ct_chain, object),
    RECORD_STR(2, struct ct_chain, hash),
    RECORD_STR(3, struct ct_chain, signature),
    RECORD_I64(4, struct ct_chain, begin_ms),
    RECORD_LIST(5, struct ct_chain, files, file_record),
};
const struct record_type ct_chain_record = RECORD_TYPE(struct ct_chain, chain_fields);

static const struct record_field signing_fields[] = {
    RECORD_STR(1, struct ct_signing, sealed),
    RECORD_STR(2, struct ct_signing, public_key),
    RECORD_I64(3, struct ct_signing, made_ms),
};
const struct record_type ct_signing_record = RECORD_TYPE(struct ct_signing, signing_fields);

static const struct record_field insight_fields[] = {
    RECORD_STR(1, struct ct_insight, shared_id),
    RECORD_I64(2, struct ct_insight, start_ms),
    RECORD_I64(3, struct ct_insight, end_ms),
    RECORD_I64(4, struct ct_insight, looked_ms),
    RECORD_I64(5, struct ct_insight, baseline_minutes),
    RECORD_F64(6, struct ct_insight, average),
    RECORD_STR(7, struct ct_insight, usual),
};
const struct record_type ct_insight_record = RECORD_TYPE(struct ct_insight, insight_fields);

static const struct record_field store_fields[] = {
    RECORD_STR(1, struct ct_store, name),
    RECORD_STR(2, struct ct_store, billing),
    RECORD_STR(3, struct ct_store, policy),
    RECORD_STR(4, struct ct_store, organization),
    RECORD_LIST(5, struct ct_store, advanced, advanced_record),
    RECORD_BOOL(6, struct ct_store, multi_region),
    RECORD_BOOL(7, struct ct_store, protected),
    RECORD_BOOL(8, struct ct_store, ingests),
    RECORD_I64(9, struct ct_store, retention_days),
    RECORD_I64(10, struct ct_store, created_ms),
    RECORD_I64(11, struct ct_store, updated_ms),
    RECORD_I64(12, struct ct_store, from_ms),
    RECORD_I64(13, struct ct_store, delete_ms),
    RECORD_STR(14, struct ct_store, kms_key),
    RECORD_STR(15, struct ct_store, data_key),
};
const struct record_type ct_store_record = RECORD_TYPE(struct ct_store, store_fields);

static const struct record_field batch_fields[] = {
    RECORD_STR(1, struct ct_batch, blob),
    RECORD_I64(2, struct ct_batch, count),
    RECORD_I64(3, struct ct_batch, bytes),
    RECORD_I64(4, struct ct_batch, last_ms),
    RECORD_BOOL(5, struct ct_batch, sealed),
};
const struct record_type ct_batch_record = RECORD_TYPE(struct ct_batch, batch_fields);

static const struct record_field arrival_fields[] = {
    RECORD_STR(1, struct ct_arrival, lines),
    RECORD_I64(2, struct ct_arrival, time_ms),
    RECORD_BOOL(3, struct ct_arrival, sealed),
};
const struct record_type ct_arrival_record = RECORD_TYPE(struct ct_arrival, arrival_fields);

static const struct record_field channel_fields[] = {
    RECORD_STR(1, struct ct_channel, name),
    RECORD_STR(2, struct ct_channel, source),
    RECORD_STR(3, struct ct_channel, policy),
    RECORD_LIST(4, struct ct_channel, stores, word_record),
    RECORD_I64(5, struct ct_channel, success_ms),
    RECORD_I64(6, struct ct_channel, attempt_ms),
    RECORD_STR(7, struct ct_channel, success_id),
    RECORD_STR(8, struct ct_channel, attempt_id),
    RECORD_STR(9, struct ct_channel, error),
};
const struct record_type ct_channel_record = RECORD_TYPE(struct ct_channel, channel_fields);

static const struct record_field query_fields[] = {
    RECORD_STR(1, struct ct_query, statement),
    RECORD_STR(2, struct ct_query, status),
    RECORD_STR(3, struct ct_query, error),
    RECORD_STR(4, struct ct_query, alias),
    RECORD_STR(5, struct ct_query, stores),
    RECORD_STR(6, struct ct_query, columns),
    RECORD_STR(7, struct ct_query, results),
    RECORD_STR(8, struct ct_query, delivery_uri),
    RECORD_STR(9, struct ct_query, delivery_status),
    RECORD_LIST(10, struct ct_query, parameters, word_record),
    RECORD_I64(11, struct ct_query, created_ms),
    RECORD_I64(12, struct ct_query, took_ms),
    RECORD_I64(13, struct ct_query, rows),
    RECORD_I64(14, struct ct_query, events),
    RECORD_I64(15, struct ct_query, bytes),
    RECORD_BOOL(16, struct ct_query, sealed),
};
const struct record_type ct_query_record = RECORD_TYPE(struct ct_query, query_fields);
