#include "records.h"

static const struct record_field bus_fields[] = {
    RECORD_I64(1, struct bus, created_ms), RECORD_I64(2, struct bus, modified_ms), RECORD_STR(3, struct bus, description),
    RECORD_STR(4, struct bus, kms_key),    RECORD_STR(5, struct bus, dead_letter_arn), RECORD_STR(6, struct bus, policy),
};
const struct record_type events_bus_record = RECORD_TYPE(struct bus, bus_fields);

static const struct record_field source_fields[] = {
    RECORD_I64(1, struct partner_source, created_ms), RECORD_I64(2, struct partner_source, expires_ms), RECORD_BOOL(3, struct partner_source, deactivated),
    RECORD_BOOL(4, struct partner_source, deleted),   RECORD_STR(5, struct partner_source, partner),
};
const struct record_type events_source_record = RECORD_TYPE(struct partner_source, source_fields);

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
    RECORD_BOOL(13, struct target, has_http),
    RECORD_LIST(14, struct target, path_values, record_pair_type),
    RECORD_LIST(15, struct target, http_headers, record_pair_type),
    RECORD_LIST(16, struct target, http_query, record_pair_type),
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

static const struct record_field archived_fields[] = {
    RECORD_I64(1, struct archived, at_ms),
    RECORD_STR(2, struct archived, json),
    RECORD_BOOL(3, struct archived, sealed),
    RECORD_I64(4, struct archived, bytes),
};
const struct record_type events_archived_record = RECORD_TYPE(struct archived, archived_fields);

static const struct record_field replay_fields[] = {
    RECORD_STR(1, struct replay, archive),     RECORD_STR(2, struct replay, destination), RECORD_STR(3, struct replay, description),
    RECORD_STR(4, struct replay, state),       RECORD_STR(5, struct replay, reason),      RECORD_LIST(6, struct replay, filter_arns, record_pair_type),
    RECORD_I64(7, struct replay, from_ms),     RECORD_I64(8, struct replay, to_ms),       RECORD_I64(9, struct replay, started_ms),
    RECORD_I64(10, struct replay, ended_ms),   RECORD_I64(11, struct replay, last_ms),    RECORD_U64(12, struct replay, position),
};
const struct record_type events_replay_record = RECORD_TYPE(struct replay, replay_fields);

static const struct record_field connection_fields[] = {
    RECORD_I64(1, struct connection, created_ms),     RECORD_I64(2, struct connection, modified_ms), RECORD_I64(3, struct connection, authorized_ms),
    RECORD_I64(4, struct connection, token_until_ms), RECORD_STR(5, struct connection, uuid),        RECORD_STR(6, struct connection, description),
    RECORD_STR(7, struct connection, type),           RECORD_STR(8, struct connection, state),       RECORD_STR(9, struct connection, reason),
    RECORD_STR(10, struct connection, sealed),        RECORD_STR(11, struct connection, token),
};
const struct record_type events_connection_record = RECORD_TYPE(struct connection, connection_fields);

static const struct record_field parameter_fields[] = {
    RECORD_STR(1, struct parameter, place), RECORD_STR(2, struct parameter, key), RECORD_STR(3, struct parameter, value), RECORD_BOOL(4, struct parameter, secret),
};
static const struct record_type parameter_record = RECORD_TYPE(struct parameter, parameter_fields);

static const struct record_field auth_fields[] = {
    RECORD_STR(1, struct connection_auth, user),       RECORD_STR(2, struct connection_auth, password),      RECORD_STR(3, struct connection_auth, key_name),
    RECORD_STR(4, struct connection_auth, key_value),  RECORD_STR(5, struct connection_auth, client_id),     RECORD_STR(6, struct connection_auth, client_secret),
    RECORD_STR(7, struct connection_auth, endpoint),   RECORD_STR(8, struct connection_auth, method),        RECORD_BOOL(9, struct connection_auth, has_invocation),
    RECORD_BOOL(10, struct connection_auth, has_oauth_http), RECORD_LIST(11, struct connection_auth, invocation, parameter_record),
    RECORD_LIST(12, struct connection_auth, oauth, parameter_record),
};
const struct record_type events_connection_auth_record = RECORD_TYPE(struct connection_auth, auth_fields);

static const struct record_field destination_fields[] = {
    RECORD_I64(1, struct destination, created_ms), RECORD_I64(2, struct destination, modified_ms), RECORD_I64(3, struct destination, rate),
    RECORD_STR(4, struct destination, uuid),       RECORD_STR(5, struct destination, description), RECORD_STR(6, struct destination, connection),
    RECORD_STR(7, struct destination, endpoint),   RECORD_STR(8, struct destination, method),
};
const struct record_type events_destination_record = RECORD_TYPE(struct destination, destination_fields);

static const struct record_field push_fields[] = {
    RECORD_STR(1, struct push, account),
    RECORD_STR(2, struct push, region),
    RECORD_STR(3, struct push, rule_arn),
    RECORD_STR(4, struct push, rule),
    RECORD_STR(5, struct push, call.destination),
    RECORD_STR(6, struct push, event),
    RECORD_STR(7, struct push, call.body),
    RECORD_STR(8, struct push, dead_letter_arn),
    RECORD_LIST(9, struct push, call.path_values, record_pair_type),
    RECORD_LIST(10, struct push, call.headers, record_pair_type),
    RECORD_LIST(11, struct push, call.query, record_pair_type),
    RECORD_I64(12, struct push, first_ms),
    RECORD_I64(13, struct push, attempts),
    RECORD_I64(14, struct push, attempts_max),
    RECORD_I64(15, struct push, age_max_s),
};
const struct record_type events_push_record = RECORD_TYPE(struct push, push_fields);
