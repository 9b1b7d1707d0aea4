#include "records.h"

static const struct record_field group_fields[] = {RECORD_I64(1, struct group, created_ms), RECORD_I64(2, struct group, modified_ms), RECORD_BOOL(3, struct group, deleting)};
const struct record_type scheduler_group_record = RECORD_TYPE(struct group, group_fields);

static const struct record_field target_fields[] = {
    RECORD_STR(1, struct target, arn),           RECORD_STR(2, struct target, role),           RECORD_STR(3, struct target, input),
    RECORD_STR(4, struct target, dead_letter_arn), RECORD_STR(5, struct target, message_group),  RECORD_STR(6, struct target, detail_type),
    RECORD_STR(7, struct target, source),        RECORD_I64(8, struct target, retry_attempts),
    RECORD_I64(9, struct target, retry_age_s),  RECORD_STR(10, struct target, data_key),      RECORD_STR(11, struct target, key_arn),
};
static const struct record_type target_record = RECORD_TYPE(struct target, target_fields);

static const struct record_field schedule_fields[] = {
    RECORD_U64(1, struct schedule_row, id),          RECORD_I64(2, struct schedule_row, created_ms),   RECORD_I64(3, struct schedule_row, modified_ms),
    RECORD_I64(4, struct schedule_row, start_ms),    RECORD_I64(5, struct schedule_row, end_ms),       RECORD_I64(6, struct schedule_row, window_minutes),
    RECORD_STR(7, struct schedule_row, expression),  RECORD_STR(8, struct schedule_row, zone),         RECORD_STR(9, struct schedule_row, state),
    RECORD_STR(10, struct schedule_row, description), RECORD_STR(11, struct schedule_row, action_after), RECORD_STR(12, struct schedule_row, kms_key),
    RECORD_STRUCT(13, struct schedule_row, target, target_record),
};
const struct record_type scheduler_schedule_record = RECORD_TYPE(struct schedule_row, schedule_fields);

static const struct record_field invocation_fields[] = {
    RECORD_U64(1, struct invocation, schedule_id), RECORD_STR(2, struct invocation, account),   RECORD_STR(3, struct invocation, region),
    RECORD_STR(4, struct invocation, group),       RECORD_STR(5, struct invocation, name),      RECORD_STR(6, struct invocation, execution),
    RECORD_I64(7, struct invocation, scheduled_ms), RECORD_I64(8, struct invocation, first_ms),  RECORD_I64(9, struct invocation, attempts),
    RECORD_BOOL(10, struct invocation, last),      RECORD_STRUCT(11, struct invocation, target, target_record),
};
const struct record_type scheduler_invocation_record = RECORD_TYPE(struct invocation, invocation_fields);
