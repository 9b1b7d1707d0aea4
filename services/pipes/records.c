#include "records.h"

static const struct record_field source_fields[] = {
    RECORD_STR(1, struct pipe_source, arn),          RECORD_LIST(2, struct pipe_source, filters, record_pair_type), RECORD_BOOL(3, struct pipe_source, has_batch),
    RECORD_BOOL(4, struct pipe_source, has_window),  RECORD_I64(5, struct pipe_source, batch),                      RECORD_I64(6, struct pipe_source, window_s),
    RECORD_STR(7, struct pipe_source, starting),     RECORD_STR(8, struct pipe_source, dead_letter_arn),            RECORD_BOOL(9, struct pipe_source, bisect),
    RECORD_BOOL(10, struct pipe_source, has_age),    RECORD_BOOL(11, struct pipe_source, has_attempts),             RECORD_I64(12, struct pipe_source, age_s),
    RECORD_I64(13, struct pipe_source, attempts),    RECORD_BOOL(14, struct pipe_source, has_parallel),             RECORD_I64(15, struct pipe_source, parallel),
};
static const struct record_type source_record = RECORD_TYPE(struct pipe_source, source_fields);

static const struct record_field target_fields[] = {
    RECORD_STR(1, struct pipe_target, arn),           RECORD_STR(2, struct pipe_target, template),    RECORD_BOOL(3, struct pipe_target, queue),
    RECORD_BOOL(4, struct pipe_target, bus),          RECORD_STR(5, struct pipe_target, message_group), RECORD_STR(6, struct pipe_target, message_dedup),
    RECORD_STR(7, struct pipe_target, detail_type),   RECORD_STR(8, struct pipe_target, source),      RECORD_STR(9, struct pipe_target, time),
    RECORD_LIST(10, struct pipe_target, resources, record_pair_type), RECORD_BOOL(11, struct pipe_target, log), RECORD_STR(12, struct pipe_target, log_stream),
    RECORD_BOOL(13, struct pipe_target, http.set),
    RECORD_LIST(14, struct pipe_target, http.path_values, record_pair_type),
    RECORD_LIST(15, struct pipe_target, http.headers, record_pair_type),
    RECORD_LIST(16, struct pipe_target, http.query, record_pair_type),
};
static const struct record_type target_record = RECORD_TYPE(struct pipe_target, target_fields);

static const struct record_field enrichment_fields[] = {
    RECORD_STR(1, struct pipe_enrichment, arn),
    RECORD_STR(2, struct pipe_enrichment, template),
    RECORD_BOOL(3, struct pipe_enrichment, http.set),
    RECORD_LIST(4, struct pipe_enrichment, http.path_values, record_pair_type),
    RECORD_LIST(5, struct pipe_enrichment, http.headers, record_pair_type),
    RECORD_LIST(6, struct pipe_enrichment, http.query, record_pair_type),
};
static const struct record_type enrichment_record = RECORD_TYPE(struct pipe_enrichment, enrichment_fields);

static const struct record_field log_fields[] = {
    RECORD_STR(1, struct pipe_log, level),
    RECORD_STR(2, struct pipe_log, group),
    RECORD_BOOL(3, struct pipe_log, data),
};
static const struct record_type log_record = RECORD_TYPE(struct pipe_log, log_fields);

static const struct record_field pipe_fields[] = {
    RECORD_U64(1, struct pipe, id),      RECORD_I64(2, struct pipe, created_ms), RECORD_I64(3, struct pipe, modified_ms), RECORD_STR(4, struct pipe, description),
    RECORD_STR(5, struct pipe, desired), RECORD_STR(6, struct pipe, current),    RECORD_STR(7, struct pipe, reason),      RECORD_STR(8, struct pipe, role),
    RECORD_STRUCT(9, struct pipe, source, source_record),                        RECORD_STRUCT(10, struct pipe, target, target_record),
    RECORD_STRUCT(11, struct pipe, enrichment, enrichment_record),
    RECORD_STRUCT(12, struct pipe, log, log_record),
};
const struct record_type pipes_pipe_record = RECORD_TYPE(struct pipe, pipe_fields);

static const struct record_field position_fields[] = {
    RECORD_STR(1, struct pipe_position, sequence), RECORD_STR(2, struct pipe_position, iterator),      RECORD_BOOL(3, struct pipe_position, done),
    RECORD_I64(4, struct pipe_position, failures), RECORD_I64(5, struct pipe_position, pause_until_ms),
    RECORD_BOOL(6, struct pipe_position, flying),
};
const struct record_type pipes_position_record = RECORD_TYPE(struct pipe_position, position_fields);

static const struct record_field flight_fields[] = {
    RECORD_STR(1, struct pipe_flight, json),
    RECORD_STR(2, struct pipe_flight, parsed),
    RECORD_STR(3, struct pipe_flight, id),
    RECORD_STR(4, struct pipe_flight, group),
    RECORD_BOOL(5, struct pipe_flight, enriching),
    RECORD_STR(6, struct pipe_flight, receipt),
    RECORD_STR(7, struct pipe_flight, shard),
    RECORD_STR(8, struct pipe_flight, sequence),
    RECORD_I64(9, struct pipe_flight, made_ms),
    RECORD_STR(10, struct pipe_flight, execution),
};
const struct record_type pipes_flight_record = RECORD_TYPE(struct pipe_flight, flight_fields);
