#include "records.h"

static const struct record_field group_fields[] = {
    RECORD_U64(1, struct log_group, id), RECORD_I64(2, struct log_group, created_ms), RECORD_I64(3, struct log_group, retention_days),
    RECORD_STR(4, struct log_group, class_name), RECORD_BOOL(5, struct log_group, protected), RECORD_STR(6, struct log_group, kms_key),
    RECORD_I64(7, struct log_group, kms_epoch), RECORD_I64(8, struct log_group, metric_filters), RECORD_STR(9, struct log_group, protection),
};
const struct record_type logs_group_record = RECORD_TYPE(struct log_group, group_fields);

static const struct record_field data_key_fields[] = {RECORD_STR(1, struct log_data_key, kms_key), RECORD_STR(2, struct log_data_key, ciphertext)};
const struct record_type logs_data_key_record = RECORD_TYPE(struct log_data_key, data_key_fields);

static const struct record_field stream_fields[] = {
    RECORD_U64(1, struct log_stream, id), RECORD_I64(2, struct log_stream, created_ms), RECORD_I64(3, struct log_stream, first_ms),
    RECORD_I64(4, struct log_stream, last_ms), RECORD_I64(5, struct log_stream, ingested_ms), RECORD_I64(6, struct log_stream, span_ms),
    RECORD_I64(7, struct log_stream, fresh), RECORD_I64(8, struct log_stream, fresh_from_ms),
};
const struct record_type logs_stream_record = RECORD_TYPE(struct log_stream, stream_fields);

static const struct record_field stream_home_fields[] = {
    RECORD_STR(1, struct log_stream_home, account), RECORD_STR(2, struct log_stream_home, region), RECORD_STR(3, struct log_stream_home, group),
    RECORD_STR(4, struct log_stream_home, stream), RECORD_U64(5, struct log_stream_home, group_id),
};
const struct record_type logs_stream_home_record = RECORD_TYPE(struct log_stream_home, stream_home_fields);

static const struct record_field block_fields[] = {
    RECORD_I64(1, struct log_block, last_ms), RECORD_I64(2, struct log_block, bytes), RECORD_U64(3, struct log_block, put),
    RECORD_I64(4, struct log_block, ingested_ms), RECORD_I64(5, struct log_block, number), RECORD_I64(6, struct log_block, kms_epoch),
    RECORD_STR(7, struct log_block, packed), RECORD_STR(8, struct log_block, blob), RECORD_U64(9, struct log_block, count),
    RECORD_STR(10, struct log_block, index),
};
const struct record_type logs_block_record = RECORD_TYPE(struct log_block, block_fields);

static const struct record_field time_fields[] = {RECORD_I64(1, struct log_time, last_ms), RECORD_U64(2, struct log_time, put)};
const struct record_type logs_time_record = RECORD_TYPE(struct log_time, time_fields);

static const struct record_field stored_fields[] = {RECORD_I64(1, struct log_stored, bytes)};
const struct record_type logs_stored_record = RECORD_TYPE(struct log_stored, stored_fields);

static const struct record_field metric_filter_fields[] = {
    RECORD_STR(1, struct metric_filter, pattern), RECORD_STR(2, struct metric_filter, metric), RECORD_STR(3, struct metric_filter, space),
    RECORD_STR(4, struct metric_filter, value), RECORD_STR(5, struct metric_filter, unit), RECORD_I64(6, struct metric_filter, created_ms),
    RECORD_BOOL(7, struct metric_filter, has_default), RECORD_BOOL(8, struct metric_filter, transformed), RECORD_F64(9, struct metric_filter, by_default),
    RECORD_LIST(10, struct metric_filter, dimensions, record_pair_type), RECORD_I64(11, struct metric_filter, matched_ms),
    RECORD_I64(12, struct metric_filter, matched_before_ms),
};
const struct record_type logs_metric_filter_record = RECORD_TYPE(struct metric_filter, metric_filter_fields);

static const struct record_field policy_fields[] = {
    RECORD_STR(1, struct log_policy, document), RECORD_STR(2, struct log_policy, revision), RECORD_I64(3, struct log_policy, updated_ms),
    RECORD_LIST(4, struct log_policy, fields, record_pair_type), RECORD_LIST(5, struct log_policy, prefixes, record_pair_type), RECORD_STR(6, struct log_policy, selection),
    RECORD_I64(7, struct log_policy, created_ms),
};
const struct record_type logs_policy_record = RECORD_TYPE(struct log_policy, policy_fields);

static const struct record_field destination_fields[] = {
    RECORD_STR(1, struct log_destination, target), RECORD_STR(2, struct log_destination, role), RECORD_STR(3, struct log_destination, policy),
    RECORD_I64(4, struct log_destination, created_ms),
};
const struct record_type logs_destination_record = RECORD_TYPE(struct log_destination, destination_fields);

static const struct record_field export_fields[] = {
    RECORD_STR(1, struct log_export, name), RECORD_STR(2, struct log_export, group), RECORD_STR(3, struct log_export, stream_prefix), RECORD_STR(4, struct log_export, bucket),
    RECORD_STR(5, struct log_export, prefix), RECORD_STR(6, struct log_export, status), RECORD_STR(7, struct log_export, message), RECORD_U64(8, struct log_export, group_id),
    RECORD_I64(9, struct log_export, from_ms), RECORD_I64(10, struct log_export, to_ms), RECORD_I64(11, struct log_export, created_ms), RECORD_I64(12, struct log_export, ended_ms),
    RECORD_STR(13, struct log_export, stream), RECORD_BOOL(14, struct log_export, stream_done), RECORD_I64(15, struct log_export, file), RECORD_I64(16, struct log_export, at_ms),
    RECORD_I64(17, struct log_export, at_number), RECORD_U64(18, struct log_export, at_put),
};
const struct record_type logs_export_record = RECORD_TYPE(struct log_export, export_fields);
