#include "records.h"

static const struct record_field bus_fields[] = {
    RECORD_I64(1, struct bus, created_ms), RECORD_I64(2, struct bus, modified_ms), RECORD_STR(3, struct bus, description),
    RECORD_STR(4, struct bus, kms_key),    RECORD_STR(5, struct bus, dead_letter_arn), RECORD_STR(6, struct bus, policy),
};
const struct record_type events_bus_record = RECORD_TYPE(struct bus, bus_fields);

static const struct record_field target_fields[] = {
    RECORD_STR(1, struct target, id),
    RECORD_STR(2, struct target, arn),
    RECORD_STR(3, struct target, role),
    RECORD_STR(4, struct target, input),
    RECORD_STR(5, struct target, input_path),
    RECORD_STR(6, struct target, template),
    RECORD_STR(7, struct target, group),
    RECORD_STR(8, struct target, dead_letter_arn),
    RECORD_LIST(9, struct target, paths, record_pair_type),
    RECORD_BOOL(10, struct target, has_retry),
    RECORD_I64(11, struct target, retry_attempts),
    RECORD_I64(12, struct target, retry_age_s),
};
static const struct record_type target_record = RECORD_TYPE(struct target, target_fields);

static const struct record_field rule_fields[] = {
    RECORD_I64(1, struct rule, created_ms),
    RECORD_STR(2, struct rule, pattern),
    RECORD_STR(3, struct rule, schedule),
    RECORD_STR(4, struct rule, state),
    RECORD_STR(5, struct rule, description),
    RECORD_STR(6, struct rule, role),
    RECORD_STR(7, struct rule, created_by),
    RECORD_STR(8, struct rule, managed_by),
    RECORD_LIST(9, struct rule, targets, target_record),
    RECORD_STR(10, struct rule, index_path),
    RECORD_LIST(11, struct rule, index_values, record_pair_type),
};
const struct record_type events_rule_record = RECORD_TYPE(struct rule, rule_fields);

static const struct record_field archive_fields[] = {
    RECORD_I64(1, struct archive, created_ms), RECORD_I64(2, struct archive, retention_days), RECORD_I64(3, struct archive, count),
    RECORD_I64(4, struct archive, bytes),      RECORD_STR(5, struct archive, source_arn),     RECORD_STR(6, struct archive, description),
    RECORD_STR(7, struct archive, pattern),    RECORD_STR(8, struct archive, kms_key),        RECORD_U64(9, struct archive, id),
};
const struct record_type events_archive_record = RECORD_TYPE(struct archive, archive_fields);

static const struct record_field archived_fields[] = {RECORD_I64(1, struct archived, at_ms), RECORD_STR(2, struct archived, json)};
const struct record_type events_archived_record = RECORD_TYPE(struct archived, archived_fields);

static const struct record_field replay_fields[] = {
    RECORD_STR(1, struct replay, archive),     RECORD_STR(2, struct replay, destination), RECORD_STR(3, struct replay, description),
    RECORD_STR(4, struct replay, state),       RECORD_STR(5, struct replay, reason),      RECORD_LIST(6, struct replay, filter_arns, record_pair_type),
    RECORD_I64(7, struct replay, from_ms),     RECORD_I64(8, struct replay, to_ms),       RECORD_I64(9, struct replay, started_ms),
    RECORD_I64(10, struct replay, ended_ms),   RECORD_I64(11, struct replay, last_ms),    RECORD_U64(12, struct replay, position),
};
const struct record_type events_replay_record = RECORD_TYPE(struct replay, replay_fields);
