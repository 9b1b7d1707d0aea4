#include "records.h"

static const struct record_field metric_fields[] = {
    RECORD_U64(1, struct metric, id), RECORD_I64(2, struct metric, last_ms), RECORD_STR(3, struct metric, space),
    RECORD_STR(4, struct metric, name), RECORD_LIST(5, struct metric, dimensions, record_pair_type),
};
const struct record_type cloudwatch_metric_record = RECORD_TYPE(struct metric, metric_fields);

static const struct record_field sample_fields[] = {RECORD_F64(1, struct sample, value), RECORD_F64(2, struct sample, count)};
static const struct record_type sample_record = RECORD_TYPE(struct sample, sample_fields);

static const struct record_field point_fields[] = {
    RECORD_F64(1, struct point, count), RECORD_F64(2, struct point, sum), RECORD_F64(3, struct point, min), RECORD_F64(4, struct point, max),
    RECORD_LIST(5, struct point, samples, sample_record), RECORD_F64(6, struct point, width), RECORD_BOOL(7, struct point, opaque),
};
const struct record_type cloudwatch_point_record = RECORD_TYPE(struct point, point_fields);

static const struct record_field roll_up_fields[] = {
    RECORD_I64(1, struct roll_up, done_ms), RECORD_I64(2, struct roll_up, now_ms), RECORD_U64(3, struct roll_up, rest),
    RECORD_STR(4, struct roll_up, unit), RECORD_I64(5, struct roll_up, at_ms),
};
const struct record_type cloudwatch_roll_up_record = RECORD_TYPE(struct roll_up, roll_up_fields);

static const struct record_field query_fields[] = {
    RECORD_STR(1, struct alarm_query, id), RECORD_STR(2, struct alarm_query, space), RECORD_STR(3, struct alarm_query, metric),
    RECORD_STR(4, struct alarm_query, statistic), RECORD_STR(5, struct alarm_query, unit), RECORD_STR(6, struct alarm_query, expression),
    RECORD_STR(7, struct alarm_query, label), RECORD_LIST(8, struct alarm_query, dimensions, record_pair_type),
    RECORD_I64(9, struct alarm_query, period_s), RECORD_BOOL(10, struct alarm_query, hidden), RECORD_STR(11, struct alarm_query, account_id),
};
static const struct record_type query_record = RECORD_TYPE(struct alarm_query, query_fields);

static const struct record_field alarm_fields[] = {
    RECORD_STR(1, struct alarm, description), RECORD_STR(2, struct alarm, space), RECORD_STR(3, struct alarm, metric),
    RECORD_STR(4, struct alarm, statistic), RECORD_STR(5, struct alarm, unit), RECORD_STR(6, struct alarm, comparison),
    RECORD_STR(7, struct alarm, missing), RECORD_STR(8, struct alarm, low_samples), RECORD_BOOL(9, struct alarm, actions_off),
    RECORD_BOOL(10, struct alarm, extended), RECORD_LIST(11, struct alarm, ok_actions, record_pair_type), RECORD_LIST(12, struct alarm, alarm_actions, record_pair_type),
    RECORD_LIST(13, struct alarm, insufficient_actions, record_pair_type), RECORD_LIST(14, struct alarm, dimensions, record_pair_type), RECORD_I64(15, struct alarm, period_s),
    RECORD_I64(16, struct alarm, periods), RECORD_I64(17, struct alarm, to_alarm), RECORD_I64(18, struct alarm, configured_ms),
    RECORD_I64(19, struct alarm, updated_ms), RECORD_I64(20, struct alarm, changed_ms), RECORD_F64(21, struct alarm, threshold),
    RECORD_STR(22, struct alarm, state), RECORD_STR(23, struct alarm, reason), RECORD_STR(24, struct alarm, reason_data),
    RECORD_LIST(25, struct alarm, queries, query_record), RECORD_STR(26, struct alarm, threshold_id), RECORD_STR(27, struct alarm, rule),
    RECORD_STR(28, struct alarm, suppressor), RECORD_I64(29, struct alarm, wait_s), RECORD_I64(30, struct alarm, extension_s),
    RECORD_STR(31, struct alarm, suppressed_by), RECORD_STR(32, struct alarm, suppressed_reason), RECORD_STR(33, struct alarm, acted_state),
    RECORD_STR(34, struct alarm, muted_from),
};
const struct record_type cloudwatch_alarm_record = RECORD_TYPE(struct alarm, alarm_fields);

static const struct record_field alarm_event_fields[] = {
    RECORD_I64(1, struct alarm_event, at_ms), RECORD_STR(2, struct alarm_event, alarm), RECORD_STR(3, struct alarm_event, type),
    RECORD_STR(4, struct alarm_event, summary), RECORD_STR(5, struct alarm_event, data), RECORD_BOOL(6, struct alarm_event, composite),
};
const struct record_type cloudwatch_alarm_event_record = RECORD_TYPE(struct alarm_event, alarm_event_fields);

static const struct record_field dashboard_fields[] = {RECORD_STR(1, struct dashboard, body), RECORD_I64(2, struct dashboard, changed_ms)};
const struct record_type cloudwatch_dashboard_record = RECORD_TYPE(struct dashboard, dashboard_fields);

static const struct record_field hour_fields[] = {RECORD_F64(1, struct detector_hour, mean), RECORD_F64(2, struct detector_hour, count)};
static const struct record_type hour_record = RECORD_TYPE(struct detector_hour, hour_fields);
static const struct record_field model_fields[] = {
    RECORD_I64(1, struct detector_model, period_s), RECORD_I64(2, struct detector_model, trained_ms), RECORD_U64(3, struct detector_model, samples),
    RECORD_F64(4, struct detector_model, mean), RECORD_F64(5, struct detector_model, deviation), RECORD_LIST(6, struct detector_model, hours, hour_record),
};
static const struct record_type model_record = RECORD_TYPE(struct detector_model, model_fields);
static const struct record_field range_fields[] = {RECORD_I64(1, struct detector_range, from_ms), RECORD_I64(2, struct detector_range, to_ms)};
static const struct record_type range_record = RECORD_TYPE(struct detector_range, range_fields);
static const struct record_field detector_fields[] = {
    RECORD_STR(1, struct detector, id), RECORD_STR(2, struct detector, space), RECORD_STR(3, struct detector, metric), RECORD_STR(4, struct detector, statistic),
    RECORD_STR(5, struct detector, unit), RECORD_STR(6, struct detector, timezone), RECORD_LIST(7, struct detector, dimensions, record_pair_type),
    RECORD_LIST(8, struct detector, excluded, range_record), RECORD_LIST(9, struct detector, models, model_record),
};
const struct record_type cloudwatch_detector_record = RECORD_TYPE(struct detector, detector_fields);

static const struct record_field mute_fields[] = {
    RECORD_STR(1, struct mute_rule, description), RECORD_STR(2, struct mute_rule, expression), RECORD_STR(3, struct mute_rule, duration), RECORD_STR(4, struct mute_rule, timezone),
    RECORD_I64(5, struct mute_rule, start_ms), RECORD_I64(6, struct mute_rule, expire_ms), RECORD_I64(7, struct mute_rule, changed_ms),
    RECORD_LIST(8, struct mute_rule, alarms, record_pair_type),
};
const struct record_type cloudwatch_mute_rule_record = RECORD_TYPE(struct mute_rule, mute_fields);

static const struct record_field span_fields[] = {RECORD_I64(1, struct insight_span, from_ms), RECORD_I64(2, struct insight_span, to_ms)};
static const struct record_type span_record = RECORD_TYPE(struct insight_span, span_fields);
static const struct record_field insight_fields[] = {RECORD_STR(1, struct insight, definition), RECORD_LIST(2, struct insight, spans, span_record)};
const struct record_type cloudwatch_insight_record = RECORD_TYPE(struct insight, insight_fields);
