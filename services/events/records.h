/* What stands in the rows of EventBridge. Field numbers are never reused. README.md lists the keys. */
#ifndef BRUME_EVENTS_RECORDS_H
#define BRUME_EVENTS_RECORDS_H

#include "cloud/cloud.h"

struct bus {
    i64 created_ms, modified_ms;
    str description, kms_key, dead_letter_arn, policy;
    str account, region, name; /* from the key */
};

struct target {
    str id, arn, role, input, input_path, template, group, dead_letter_arn;
    struct record_pairs paths; /* of the input transformer */
    bool has_retry;
    i64 retry_attempts, retry_age_s;
};
struct targets {
    struct target *v;
    u32 n;
    bool set;
};

struct rule {
    i64 created_ms;
    str pattern, schedule, state, description, role, created_by, managed_by;
    struct targets targets;
    str index_path; /* where the rule stands in the index; absent: among those that see every event */
    struct record_pairs index_values; /* the keys */
    str account, region, bus, name; /* from the key */
};

struct archive {
    i64 created_ms, retention_days, count, bytes;
    str source_arn, description, pattern, kms_key;
    u64 id; /* its events stand under it */
    str account, region, name; /* from the key */
};

struct archived {
    i64 at_ms;
    str json;
};

struct replay {
    str archive, destination, description, state, reason;
    struct record_pairs filter_arns; /* the keys */
    i64 from_ms, to_ms, started_ms, ended_ms, last_ms;
    u64 position; /* of the job */
};

extern const struct record_type events_bus_record, events_rule_record, events_archive_record, events_archived_record, events_replay_record;

#endif
