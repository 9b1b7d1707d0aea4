#include "records.h"

static const struct record_field target_fields[] = {
    RECORD_STR(1, struct target, id),                RECORD_STR(2, struct target, role),           RECORD_I64(3, struct target, min),
    RECORD_I64(4, struct target, max),               RECORD_I64(5, struct target, created_ms),     RECORD_BOOL(6, struct target, in_suspended),
    RECORD_BOOL(7, struct target, out_suspended),    RECORD_BOOL(8, struct target, schedule_suspended), RECORD_I64(9, struct target, out_until_ms),
    RECORD_I64(10, struct target, in_until_ms),
};
const struct record_type scaling_target_record = RECORD_TYPE(struct target, target_fields);

static const struct record_field alarm_fields[] = {RECORD_STR(1, struct policy_alarm, kind), RECORD_STR(2, struct policy_alarm, id)};
static const struct record_type alarm_record = RECORD_TYPE(struct policy_alarm, alarm_fields);

static const struct record_field policy_fields[] = {
    RECORD_STR(1, struct policy, id),                RECORD_STR(2, struct policy, type),            RECORD_I64(3, struct policy, created_ms),
    RECORD_F64(4, struct policy, value),             RECORD_STR(5, struct policy, predefined),      RECORD_STR(6, struct policy, label),
    RECORD_STR(7, struct policy, metric),            RECORD_STR(8, struct policy, metric_space),    RECORD_STR(9, struct policy, statistic),
    RECORD_STR(10, struct policy, unit),             RECORD_LIST(11, struct policy, dimensions, record_pair_type), RECORD_BOOL(12, struct policy, has_out_cooldown),
    RECORD_BOOL(13, struct policy, has_in_cooldown), RECORD_BOOL(14, struct policy, in_disabled),   RECORD_I64(15, struct policy, out_cooldown_s),
    RECORD_I64(16, struct policy, in_cooldown_s),    RECORD_LIST(17, struct policy, alarms, alarm_record),
};
const struct record_type scaling_policy_record = RECORD_TYPE(struct policy, policy_fields);

static const struct record_field scheduled_fields[] = {
    RECORD_STR(1, struct scheduled, id),        RECORD_STR(2, struct scheduled, expression), RECORD_STR(3, struct scheduled, zone),
    RECORD_I64(4, struct scheduled, created_ms), RECORD_I64(5, struct scheduled, start_ms),  RECORD_I64(6, struct scheduled, end_ms),
    RECORD_I64(7, struct scheduled, min),       RECORD_I64(8, struct scheduled, max),        RECORD_BOOL(9, struct scheduled, has_min),
    RECORD_BOOL(10, struct scheduled, has_max),
};
const struct record_type scaling_scheduled_record = RECORD_TYPE(struct scheduled, scheduled_fields);

static const struct record_field activity_fields[] = {
    RECORD_STR(1, struct activity, id),      RECORD_STR(2, struct activity, resource),   RECORD_STR(3, struct activity, dimension),
    RECORD_STR(4, struct activity, description), RECORD_STR(5, struct activity, cause),  RECORD_STR(6, struct activity, status),
    RECORD_STR(7, struct activity, message), RECORD_I64(8, struct activity, start_ms),   RECORD_I64(9, struct activity, end_ms),
    RECORD_STR(10, struct activity, reason), RECORD_I64(11, struct activity, reason_min), RECORD_I64(12, struct activity, reason_max),
    RECORD_I64(13, struct activity, reason_current),
};
const struct record_type scaling_activity_record = RECORD_TYPE(struct activity, activity_fields);
